# SPDX-License-Identifier: Apache-2.0
"""What a body has to be made of, and how each fault in it is told: contract 1.5."""

import json

from support.fastcgi import JSON
from support.gateway import GONE, NOWHERE, Gateway
from support.redis import Redis
from support.service import scratch
from support.tap import equal, matches

RUN = {"container_id": NOWHERE, "code": "1"}
LANGUAGES = "Input should be 'python' or 'bash'"
ID = {"container_id": NOWHERE}

# name, body, [(type, loc behind "body", msg, ctx)], in order
# fmt: off
INVALID = [
    ("nothing of what it needs", {}, [("missing", ["container_id"], "Field required", None),
                                      ("missing", ["code"], "Field required", None)]),
    ("container_id a number", {"container_id": 1, "code": "1"},
     [("string_type", ["container_id"], "Input should be a valid string", None)]),
    ("container_id null", {"container_id": None, "code": "1"},
     [("string_type", ["container_id"], "Input should be a valid string", None)]),
    ("language unknown", {**RUN, "language": "Python"},
     [("literal_error", ["language"], LANGUAGES, {"expected": "'python' or 'bash'"})]),
    ("language null", {**RUN, "language": None},
     [("literal_error", ["language"], LANGUAGES, {"expected": "'python' or 'bash'"})]),
    ("language a number", {**RUN, "language": 1},
     [("literal_error", ["language"], LANGUAGES, {"expected": "'python' or 'bash'"})]),
    ("code empty", {**RUN, "code": ""},
     [("string_too_short", ["code"], "String should have at least 1 character",
      {"min_length": 1})]),
    ("code of 100001 characters", {**RUN, "code": "x" * 100001},
     [("string_too_long", ["code"], "String should have at most 100000 characters",
      {"max_length": 100000})]),
    ("code of 100001 four-byte characters", {**RUN, "code": "\U0001f600" * 100001},
     [("string_too_long", ["code"], "String should have at most 100000 characters",
      {"max_length": 100000})]),
    ("code a number", {**RUN, "code": 5}, [("string_type", ["code"],
     "Input should be a valid string", None)]),
    ("code true", {**RUN, "code": True}, [("string_type", ["code"],
     "Input should be a valid string", None)]),
    ("code null", {**RUN, "code": None}, [("string_type", ["code"],
     "Input should be a valid string", None)]),
    ("code a list", {**RUN, "code": ["1"]}, [("string_type", ["code"],
     "Input should be a valid string", None)]),
    ("timeout 0", {**RUN, "timeout": 0},
     [("greater_than_equal", ["timeout"], "Input should be greater than or equal to 1",
      {"ge": 1})]),
    ("timeout -1", {**RUN, "timeout": -1},
     [("greater_than_equal", ["timeout"], "Input should be greater than or equal to 1",
      {"ge": 1})]),
    ("timeout false is 0", {**RUN, "timeout": False},
     [("greater_than_equal", ["timeout"], "Input should be greater than or equal to 1",
      {"ge": 1})]),
    ("timeout 121", {**RUN, "timeout": 121},
     [("less_than_equal", ["timeout"], "Input should be less than or equal to 120", {"le": 120})]),
    ("timeout '121'", {**RUN, "timeout": "121"},
     [("less_than_equal", ["timeout"], "Input should be less than or equal to 120", {"le": 120})]),
    ("timeout 1e300", {**RUN, "timeout": 1e300},
     [("less_than_equal", ["timeout"], "Input should be less than or equal to 120", {"le": 120})]),
    ("timeout with two underscores", {**RUN, "timeout": "1__0"},
     [("int_parsing", ["timeout"],
      "Input should be a valid integer, unable to parse string as an integer", None)]),
    ("timeout an object", {**RUN, "timeout": {}}, [("int_type", ["timeout"],
     "Input should be a valid integer", None)]),
    ("timeout too large for an int64", {**RUN, "timeout": 99999999999999999999},
     [("less_than_equal", ["timeout"], "Input should be less than or equal to 120", {"le": 120})]),
    ("timeout 1.5", {**RUN, "timeout": 1.5},
     [("int_from_float", ["timeout"],
      "Input should be a valid integer, got a number with a fractional part", None)]),
    ("timeout a word", {**RUN, "timeout": "abc"},
     [("int_parsing", ["timeout"],
      "Input should be a valid integer, unable to parse string as an integer", None)]),
    ("timeout an empty string", {**RUN, "timeout": ""},
     [("int_parsing", ["timeout"],
      "Input should be a valid integer, unable to parse string as an integer", None)]),
    ("timeout a fraction in a string", {**RUN, "timeout": "30.5"},
     [("int_parsing", ["timeout"],
      "Input should be a valid integer, unable to parse string as an integer", None)]),
    ("timeout an exponent in a string", {**RUN, "timeout": "1e2"},
     [("int_parsing", ["timeout"],
      "Input should be a valid integer, unable to parse string as an integer", None)]),
    ("timeout a list", {**RUN, "timeout": [1]}, [("int_type", ["timeout"],
     "Input should be a valid integer", None)]),
    ("enable_network a word", {**RUN, "enable_network": "maybe"},
     [("bool_parsing", ["enable_network"],
      "Input should be a valid boolean, unable to interpret input", None)]),
    ("enable_network 2", {**RUN, "enable_network": 2},
     [("bool_parsing", ["enable_network"],
      "Input should be a valid boolean, unable to interpret input", None)]),
    ("enable_network with a blank", {**RUN, "enable_network": " on"},
     [("bool_parsing", ["enable_network"],
      "Input should be a valid boolean, unable to interpret input", None)]),
    ("enable_network 1.5", {**RUN, "enable_network": 1.5},
     [("bool_type", ["enable_network"], "Input should be a valid boolean", None)]),
    ("eleven files of more than 1 KiB", {**RUN, "files": [{"name": f"f{i}", "content": "x" * 100}
     for i in range(11)]},
     [("value_error", ["files"], "Value error, Too many input files (max 10)", {"error": {}})]),
    ("enable_network a list", {**RUN, "enable_network": []},
     [("bool_type", ["enable_network"], "Input should be a valid boolean", None)]),
    ("files null", {**RUN, "files": None}, [("list_type", ["files"], "Input should be a valid list",
     None)]),
    ("files an object", {**RUN, "files": {}}, [("list_type", ["files"],
     "Input should be a valid list", None)]),
    ("a file that is none", {**RUN, "files": ["x"]},
     [("model_attributes_type", ["files", 0],
       "Input should be a valid dictionary or object to extract fields from", None)]),
    ("a file without anything", {**RUN, "files": [{}]},
     [("missing", ["files", 0, "name"], "Field required", None),
      ("missing", ["files", 0, "content"], "Field required", None)]),
    ("a file's content null", {**RUN, "files": [{"name": "a", "content": None}]},
     [("string_type", ["files", 0, "content"], "Input should be a valid string", None)]),
    ("a file's name a number", {**RUN, "files": [{"name": 1, "content": ""}]},
     [("string_type", ["files", 0, "name"], "Input should be a valid string", None)]),
    ("the second file's name", {**RUN, "files": [{"name": "a", "content": ""}, {"name": "../a",
     "content": ""}]},
     [("value_error", ["files", 1, "name"], "Value error, File name contains invalid path segments",
      {"error": {}})]),
    ("all at once, in the order of the fields",
     {"files": [{"name": ""}], "enable_network": "x", "timeout": "x", "code": "", "language": "x",
      "container_id": 5},
     [("string_type", ["container_id"], "Input should be a valid string", None),
      ("literal_error", ["language"], LANGUAGES, {"expected": "'python' or 'bash'"}),
      ("string_too_short", ["code"], "String should have at least 1 character", {"min_length": 1}),
      ("int_parsing", ["timeout"],
       "Input should be a valid integer, unable to parse string as an integer", None),
      ("bool_parsing", ["enable_network"],
       "Input should be a valid boolean, unable to interpret input", None),
      ("value_error", ["files", 0, "name"], "Value error, File name cannot be empty",
       {"error": {}}),
      ("missing", ["files", 0, "content"], "Field required", None)]),
    ("an array", [RUN], [("model_attributes_type", [],
                          "Input should be a valid dictionary or object to extract fields from",
                              None)]),
    ("a number", 5, [("model_attributes_type", [],
                      "Input should be a valid dictionary or object to extract fields from",
                          None)]),
    ("null", None, [("missing", [], "Field required", None)]),
]
# fmt: on

# accepted by the schema: name, members
# fmt: off
LAX = [
    ("timeout 1", {"timeout": 1}), ("timeout 120", {"timeout": 120}),
    ("timeout null", {"timeout": None}), ("timeout 30.0", {"timeout": 30.0}), ("timeout '30'",
     {"timeout": "30"}),
    ("timeout ' 3_0 '", {"timeout": " 3_0 "}), ("timeout '3.0'", {"timeout": "3.0"}),
     ("timeout true", {"timeout": True}),
    ("timeout '+5'", {"timeout": "+5"}), ("timeout 1e1", {"timeout": 1e1}),
    ("enable_network null", {"enable_network": None}), ("enable_network 'YES'",
     {"enable_network": "YES"}),
    ("enable_network 0.0", {"enable_network": 0.0}), ("enable_network 'off'",
     {"enable_network": "off"}),
    ("unknown members", {"session": 1, "Code": "2", "__proto__": {}}), ("files empty",
     {"files": []}),
    ("language bash", {"language": "bash"}),
    *[(f"enable_network {word!r}", {"enable_network": word}) for word in
      (True, False, 0, 1, 1.0, "0", "1", "OFF", "on", "f", "T", "False", "true", "n", "Y", "no")],
]
# fmt: on

# fmt: off
CREATE = [
    ("enable_network null", {"enable_network": None}, "bool_type", ["body", "enable_network"]),
    ("enable_network a word", {"enable_network": "x"}, "bool_parsing", ["body", "enable_network"]),
    ("enable_network 1.5", {"enable_network": 1.5}, "bool_type", ["body", "enable_network"]),
    ("inject_sandbox_env a list", {"inject_sandbox_env": []}, "bool_type", ["body",
     "inject_sandbox_env"]),
    ("a list", [], "model_attributes_type", ["body"]),
    ("a string", "x", "model_attributes_type", ["body"]),
]
# fmt: on


def rows(tap):
    with (
        scratch() as where,
        Redis(where).start() as redis,
        Gateway(
            where,
            redis,
            MAX_REQUEST_BODY_SIZE=2000000,
            MAX_INPUT_TOTAL_SIZE=1000000,
            MAX_INPUT_FILE_SIZE=1000000,
        ) as gateway,
    ):
        validation(tap, gateway.client())


def validation(tap, alice):
    def echoed(body, loc, kind):
        """What `input` says: the value, or the object where something is missing, or null."""
        for step in loc[:-1] if kind == "missing" else loc:
            body = body[step]
        shown = json.dumps(body, ensure_ascii=False)
        if len(shown.encode()) <= 1024:
            return body
        if not isinstance(body, str):
            return None
        return body[: (1024 - 5) // len(body[0].encode())] + "..."

    def refused(body, faults):
        response = alice.request("POST", "/execute", json.dumps(body).encode(), headers=JSON)
        equal(response.status, 422, repr(response))
        got = [(f["type"], f["loc"], f["msg"], f.get("ctx")) for f in response.detail]
        equal(got, [(kind, ["body", *loc], msg, ctx) for kind, loc, msg, ctx in faults])
        for fault in response.detail:
            equal(
                [k for k in ("type", "loc", "msg", "input", "ctx") if k in fault],
                list(fault),
                "member order:",
            )
            equal(fault["input"], echoed(body, fault["loc"][1:], fault["type"]))

    tap.table("422", INVALID, refused)

    def accepted(members):
        response = alice.post("/execute", {**RUN, **members})
        equal((response.status, response.detail), (404, GONE))

    tap.table("accepted", LAX, accepted)

    @tap.row("422: input echoes what was given")
    def _():
        response = alice.post(
            "/execute",
            {**RUN, "timeout": "abc", "language": 7, "files": [{"name": "../a", "content": ""}]},
        )
        equal(
            {f["loc"][1]: f["input"] for f in response.detail},
            {"timeout": "abc", "language": 7, "files": "../a"},
        )
        response = alice.post("/execute", {"code": "1"})
        equal(response.detail[0]["input"], {"code": "1"})

    for name, body, kind, loc in CREATE:

        @tap.row(f"422 on /containers: {name}")
        def _():
            response = alice.request("POST", "/containers", json.dumps(body).encode(), headers=JSON)
            equal(response.status, 422, repr(response))
            equal((response.detail[0]["type"], response.detail[0]["loc"]), (kind, loc))

    @tap.row("400: injection is disabled")
    def _():
        response = alice.post("/containers", {"inject_sandbox_env": True})
        equal((response.status, response.detail), (400, "Sandbox env injection is disabled."))

    for name, body, more in (
        ("absent", None, []),
        ("empty with a type", b"", JSON),
        ("null", b"null", JSON),
        ("{}", b"{}", JSON),
        ("unknown members", b'{"x":1}', JSON),
        ("network asked for", b'{"enable_network":true}', JSON),
    ):

        @tap.row(f"a session is made of a body that is: {name}")
        def _():
            response = alice.request("POST", "/containers", body, headers=more)
            equal(response.status, 200, repr(response))
            created = response.json
            equal(
                list(created)[:8],
                [
                    "container_id",
                    "status",
                    "uptime_seconds",
                    "last_activity",
                    "expires_at",
                    "execution_count",
                    "max_executions",
                    "docker_daemon_id",
                ],
            )
            matches("^[0-9a-f]{64}$", created["container_id"])
            equal(
                (created["status"], created["uptime_seconds"], created["execution_count"]),
                ("active", 0.0, 0),
            )
            equal(alice.delete(f"/containers/{created['container_id']}").status, 200)
