"""Where the checked Terraform and its checker lie."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOL = Path(os.environ.get("TFCHECK") or ROOT.parent / "shared" / "tools" / "tfcheck" / "tfcheck")
DEV = ROOT / "terraform" / "environments" / "dev"
