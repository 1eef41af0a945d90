"""Reads rendered manifests from a file, holds each against Kubernetes' own schema, and prints all of them as JSON.

Usage: python manifests.py FILE VERSION. Unknown fields are errors. A kind without a schema, such as one of an operator,
is named on standard error and left to the test.
"""

import json
import sys

import kubernetes_validate
import yaml


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        manifests = [each for each in yaml.safe_load_all(file) if each]
    for manifest in manifests:
        try:
            kubernetes_validate.validate(manifest, sys.argv[2], strict=True)
        except kubernetes_validate.SchemaNotFoundError as error:
            print(f"no schema: {manifest['kind']}: {error}", file=sys.stderr)
        except kubernetes_validate.ValidationError as error:
            sys.exit(f"{manifest['kind']} {'.'.join(map(str, error.path))}: {error.message}")
    json.dump(manifests, sys.stdout)


main()
