"""Sends the official connector of Snowflake to the fake at SNOWFLAKE_FAKE. `pyflyte serve connector` imports it.

A task of Flyte 1 names an account and no host, so the only other way would be a certificate for Snowflake's own.
"""

import os
from urllib.parse import urlsplit

import snowflake.connector

PLACE = urlsplit(os.environ["SNOWFLAKE_FAKE"])
connect = snowflake.connector.connect


def to_the_fake(**arguments):
    return connect(**arguments, host=PLACE.hostname, port=PLACE.port, protocol=PLACE.scheme)


snowflake.connector.connect = to_the_fake
