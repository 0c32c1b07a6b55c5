"""The rule that CONTRIBUTING.md shows, added in a process of its own, passes the test that it shows."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(r"^```python\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text(), re.M | re.S)

SCRIPT = """
import sys
rule, cases = sys.stdin.read().split("# tests/rules/test_fourier.py")
exec(rule, {"__name__": "transform.rules.fourier", "__package__": "transform.rules"})
scope = {}
exec(cases, scope)
test = scope["test_fft"]
for x in test.pytestmark[0].args[1]:
    test(x)
print("passed", len(test.pytestmark[0].args[1]))
"""


def test_the_rule_shown_passes_the_test_shown():
    text = "\n".join(BLOCKS)
    run = subprocess.run([sys.executable, "-c", SCRIPT], input=text, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "passed 4\n"


def test_a_rule_takes_less_than_forty_lines():
    rule, cases = BLOCKS
    assert len(rule.splitlines()) < 40
    assert len(cases.splitlines()) < 40
