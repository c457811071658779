"""What ``import pellucid`` leaves unloaded."""

import json
import subprocess
import sys

HEAVY = {"arviz", "bokeh", "jsonargparse", "lightning_fabric", "matplotlib", "mlxtend", "pandas", "panel"}
HEAVY |= {"scipy", "sklearn", "tensorboard", "torchvision", "xarray"}


def test_import_pellucid_loads_none_of_the_heavy_libraries(tmp_path):
    program = "import json, sys, pellucid, pellucid.experiments.cli; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    loaded = json.loads(done.stdout)
    assert "pyro" in loaded
    assert not HEAVY & set(loaded)
