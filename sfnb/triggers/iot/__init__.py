"""Rules of AWS IoT: their SQL, and the MQTT messages they are asked about."""
