"""A child's memory and a removed file that is still open are seen; what was given back is not added twice."""

import os
import sys

from benchmarks.process_memory import MIB, Peak, run_watched

HOLDING = f"""
import subprocess, sys, tempfile, time
if sys.argv[1:]:
    held = bytearray(40 * {MIB})
    time.sleep(0.4)
else:
    with tempfile.TemporaryFile() as file:
        file.write(bytes(5 * {MIB}))
        file.flush()
        subprocess.run([sys.executable, __file__, "child"], check=True)
    print("done")
"""


def test_a_child_and_a_removed_file_count(tmp_path):
    script, temporary = tmp_path / "holding.py", tmp_path / "temporary"
    script.write_text(HOLDING)
    temporary.mkdir()
    ran = run_watched([sys.executable, str(script)], {**os.environ, "TMPDIR": str(temporary)}, temporary)
    assert (ran.returncode, ran.output) == (0, "done\n")
    assert 45 < ran.peak.mib["resident"] < 150
    assert 5 <= ran.peak.mib["temporary"] < 6
    assert ran.peak.together >= ran.peak.resident


def test_the_peak_of_the_sum_is_of_one_moment():
    peak = Peak()
    peak.see(100, 0)
    peak.see(10, 50)
    assert (peak.resident, peak.temporary, peak.together) == (100, 50, 100)
