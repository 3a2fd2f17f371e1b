#!/bin/bash
# Where tools that start Kafka's images (Testcontainers) look for the start of the broker.
exec ottla start
