#!/usr/bin/env bash
# A SecretStr in a model is sent as ten stars, and the stars are what the task logs in with.
#
# Guess:   a value that must not be shown is sent as it is, or its model is refused; a field that is kept out of dumps
#          (exclude=True) is missing at the reader, and that is an error.
# Happens: flyte 2.12.1 and flytekit 1.16.31 send what pydantic shows: "**********", which reads back as a SecretStr of
#          ten stars. SecretBytes too, and a field with exclude=True has its default at the reader; the password in a
#          PostgresDsn goes in clear. Nothing warns, neither at the sender nor at the reader.
# Matters: the task calls its vendor with stars for a password, and gets "wrong password" from a vendor that may lock the
#          account at the third try. Secrets do not belong into inputs: name them (custom.secrets, secret_requests) and
#          let the service hold them. A connector that finds nothing but stars where a credential should be can say why.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv two
two/bin/pip install --quiet --disable-pip-version-check 'flyte==2.12.1' 'flyteidl2==2.0.51' 'pydantic==2.14.4' 'mashumaro==3.23' 'msgpack==1.2.4'
python3 -m venv one
one/bin/pip install --quiet --disable-pip-version-check 'flytekit==1.16.31' 'pydantic==2.14.4' 'mashumaro==3.23' 'msgpack==1.2.4'

cat > secrets_sent.py <<'PY'
import asyncio
import json
import logging
import sys

from pydantic import BaseModel, Field, PostgresDsn, SecretBytes, SecretStr

logging.disable(logging.CRITICAL)
if sys.argv[1] == "2":
    from flyte.types import TypeEngine

    def write(value, kind):
        return asyncio.run(TypeEngine.to_literal(value, kind, TypeEngine.to_literal_type(kind)))

    def read(literal, kind):
        return asyncio.run(TypeEngine.to_python_value(literal, kind))
else:
    from flytekit import FlyteContextManager
    from flytekit.core.type_engine import TypeEngine

    def write(value, kind):
        context = FlyteContextManager.current_context()
        return TypeEngine.to_literal(context, value, kind, TypeEngine.to_literal_type(kind))

    def read(literal, kind):
        return TypeEngine.to_python_value(FlyteContextManager.current_context(), literal, kind)


class Login(BaseModel):
    password: SecretStr
    key: SecretBytes
    region: str = Field(default="us", exclude=True)
    database: PostgresDsn


login = Login(password="correct horse", key=b"battery", region="eu", database="postgresql://u:staple@db/x")
got = read(write(login, Login), Login)
print(json.dumps({
    "password": got.password.get_secret_value(),
    "key": got.key.get_secret_value().decode(),
    "region": got.region,
    "database": str(got.database),
}))
PY
cat > compare.py <<'PY'
import json
import os
import subprocess

given = {"password": "correct horse", "key": "battery", "region": "eu", "database": "postgresql://u:staple@db/x"}
expected = {"password": "*" * 10, "key": "*" * 10, "region": "us", "database": "postgresql://u:staple@db/x"}
for package, python, flyte in (("flyte 2.12.1", "two/bin/python", "2"), ("flytekit 1.16.31", "one/bin/python", "1")):
    out = subprocess.run([python, "secrets_sent.py", flyte], check=True, text=True, stdout=subprocess.PIPE,
                         env={**os.environ, "HOME": os.getcwd()}).stdout
    seen = json.loads(out.splitlines()[-1])
    print(package)
    for name, value in seen.items():
        print(f"  {name}: given {given[name]!r}, read {value!r}")
    if seen != expected:
        raise SystemExit(f"CHANGED: {package} reads {seen}")
PY
python3 compare.py
