# The worker image of Spark and Ray: Python 3.11, Java 17, the locked packages, the project. NOT RUN HERE (no registry of images is in reach).
#
#   docker build -t uninote-pairs .                          Spark and Ray workers, 10 GB
#   docker build -t uninote-pairs:spark --target spark .     Spark workers alone, 1.5 GB
FROM python:3.11-slim-bookworm AS spark
RUN apt-get update && apt-get install -y --no-install-recommends openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/uninote-pairs
COPY requirements requirements
RUN pip install --no-cache-dir --requirement requirements/mining.txt
COPY . .
ENV PYTHONPATH=/opt/uninote-pairs PYSPARK_PYTHON=python3.11

FROM spark
RUN pip install --no-cache-dir --requirement requirements/models.txt --requirement requirements/train.txt
