"""The stages of a call, each measured where it begins and ends."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from llmhub.bench.stages import STAGES
from tests.fixtures.simulator import ROOT


@pytest.fixture
def stages(make_gateway, simulator):
    """What the module prints, on the database of a gateway that was there before."""
    gateway = make_gateway()
    gateway.start()
    model = gateway.make(at=[simulator.path("latency/20")])
    gateway.stop()
    body = json.dumps({"model": model.name, "messages": [{"role": "user", "content": "x"}]})
    command = [sys.executable, "-P", "-m", "llmhub.bench.stages", model.key, body, "0.5"]
    done = subprocess.run(command, cwd=ROOT, env=gateway.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    yield json.loads(done.stdout)
    assert len(gateway.records(model)) > 50


def test_every_stage_takes_time_and_together_no_more_than_the_whole(stages):
    assert set(stages) == {*STAGES, "whole"}
    assert min(stages.values()) > 0
    assert stages["upstream"] >= 20
    assert sum(stages.values()) - stages["whole"] <= stages["whole"]
