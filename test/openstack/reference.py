"""What keystoneauth1 answers to questions about endpoints.

usage: reference.py STATE <QUESTIONS >ANSWERS

STATE is the folder of a running cloud (see OPENSTACK_STATE in its README). Both lists are JSON. A question is
{"method", "service_type", "region_name", "interface", "version" | "min_version", "max_version"}; its answer is the
endpoint, the URL or the version, {"error", "message"} if it raised, or null if it gave nothing. One session for all.
"""
import json
import logging
import os
import sys
import warnings

warnings.simplefilter("ignore")
os.environ["NO_PROXY"] = "*"
logging.disable(logging.CRITICAL)

from keystoneauth1 import discover, session
from keystoneauth1.identity import v3

FIELDS = ("url", "catalog_url", "api_version", "min_microversion", "max_microversion", "next_min_version", "not_before",
          "status", "interface", "region_name", "service_type", "service_name", "service_id", "endpoint_id")
VERSIONS = ("version", "min_version", "max_version")


def plain(value):
    """A version as text; anything else as it is."""
    return discover.version_to_string(value) if isinstance(value, tuple) else value


def given(value):
    """A version as the caller would write it: lists of JSON are tuples."""
    return tuple(value) if isinstance(value, list) else value


def ask(s, question):
    versions = {name: given(question[name]) for name in VERSIONS if question.get(name) is not None}
    service_type = question["service_type"]
    where = {"service_type": service_type, "region_name": question["region_name"], "interface": question["interface"]}
    if question["method"] == "get_endpoint":
        url = s.get_endpoint(**where, **versions)
        return None if url is None else {"url": url}
    if question["method"] == "get_api_major_version":
        version = s.get_api_major_version(**where, **versions)
        return None if version is None else {"api_version": plain(version)}
    # get_endpoint_data loses a `version` without a word (quirk 1): it gets what get_endpoint makes of it
    lowest, highest = discover._normalize_version_args(
        *(versions.get(name) for name in VERSIONS), service_type=service_type)
    data = s.get_endpoint_data(**where, min_version=lowest, max_version=highest)
    return None if data is None else {name: plain(getattr(data, name)) for name in FIELDS}


def answer(s, question):
    try:
        return ask(s, question)
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}


def main():
    state = sys.argv[1]
    with open(os.path.join(state, "fixtures.json")) as f:
        fixtures = json.load(f)
    user = fixtures["users"]["demo"]
    auth = v3.Password(fixtures["auth_url"], username=user["name"], password=user["password"],
                       user_domain_id=user["domain_id"], project_id=fixtures["projects"]["demo"]["id"])
    s = session.Session(auth=auth, verify=fixtures["tls"]["ca"])
    json.dump([answer(s, question) for question in json.load(sys.stdin)], sys.stdout)


main()
