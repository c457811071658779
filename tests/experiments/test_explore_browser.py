"""The page in a real browser: what is dragged, clicked and swapped there is what the explorer decodes."""

import os
import shutil
import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
import torch
from matplotlib.image import imread

from pellucid import data, fit, load, zoo
from pellucid.experiments.explore import Explorer
from pellucid.experiments.explore.shown import png

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
QUIET = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
QUIET += " --disable-component-update --disable-sync"

pytest.importorskip("panel", reason="needs pip install 'pellucid[explore]'")
playwright = pytest.importorskip("playwright.sync_api", reason="needs pip install playwright")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=f"needs a browser: $CHROMIUM, or one of {', '.join(NAMES)}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    rows, folder = data.digits(rows=200), tmp_path_factory.mktemp("browser") / "run"
    torch.manual_seed(0)
    pair = zoo.beta_vae(rows, dim=2, beta=0.2, hidden=(32,))  # both dimensions are used
    fit(pair, rows, epochs=15, lr=1e-2, batch_size=20, folder=folder, progress=False)
    return folder


@pytest.fixture(scope="module")
def served(folder) -> Iterator[tuple[subprocess.Popen, str]]:
    """The command itself, and the address that it prints."""
    program = "import sys; from pellucid.experiments.cli import main; sys.exit(main(sys.argv[1:]))"
    words = ["explore", str(folder), "--no-browser", "--rows", "50"]
    command = [sys.executable, "-W", "error::DeprecationWarning:pellucid", "-c", program, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        if process.poll() is None:
            process.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield browser
        browser.close()


def test_what_is_done_on_the_page_is_what_the_explorer_decodes(served, browser, folder, tmp_path):
    _, url = served
    page = browser.new_page(viewport={"width": 1200, "height": 1100})
    errors, asked = [], []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url.removeprefix("blob:")))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.goto(url)
    explorer = Explorer(load(folder), rows=50)

    def source(name: str) -> str:
        return page.locator(f"figure.{name} img").first.get_attribute("src").partition(",")[2]

    def shows(name: str, image) -> None:
        """Wait for the page to catch up, and fail if it does not."""
        page.locator(f'figure.{name} img[src$="{png(image)}"]').first.wait_for(timeout=10_000)

    shows("original", explorer.original)
    shows("reconstruction", explorer.reconstruction)
    shows("edited", explorer.reconstruction)

    page.get_by_role("button", name="next").click()
    explorer.choose(1)
    shows("original", explorer.original)
    shows("edited", explorer.reconstruction)

    # a field that is emptied is filled again
    row = page.get_by_label("test row", exact=True)
    row.fill("")
    row.press("Enter")
    page.wait_for_timeout(300)
    assert row.input_value() == "1"

    # the first slider, by the keyboard, to its very end
    slider, j = page.locator(".noUi-handle").first, explorer.dims[0]
    before = source("edited")
    slider.focus()
    page.keyboard.press("End")
    explorer.move(j, explorer.span(j)[1])
    shows("edited", explorer.edited)
    assert source("edited") != before
    page.get_by_role("button", name="reset the code").click()
    explorer.reset()
    shows("edited", explorer.reconstruction)

    # the swap with row 4, by the number in its field
    partner = page.get_by_label("partner: test row")
    partner.fill("4")
    partner.press("Enter")
    for image in explorer.swapped(4, [j]):
        shows("swapped", image)
    shows("partner", explorer.reconstructed(4))

    # a click in the plane: where it was clicked, the sliders say, to two decimals
    canvas = page.locator(".bk-Figure").first
    canvas.click(position={"x": 200, "y": 150})
    page.locator(f'figure.edited img:not([src$="{png(explorer.reconstruction)}"])').wait_for(timeout=10_000)
    page.screenshot(path=tmp_path / "explore.png", full_page=True)
    values = [float(text.replace("−", "-")) for text in page.locator(".bk-slider-value").all_text_contents()]
    assert len(values) == 2
    own = explorer.z[1].tolist()
    assert all(abs(value - own[k]) > 0.01 for k, value in zip(explorer.dims, values, strict=True))
    for k, value in zip(explorer.dims, values, strict=True):
        explorer.move(k, value)
    ink = 1 - imread(BytesIO(b64decode(source("edited"))))[..., 0]
    assert abs(ink - explorer.edited[0]).max() < 0.02 < abs(ink - explorer.reconstruction[0]).max()

    assert errors == []
    assert {urlparse(address).hostname for address in asked} == {"127.0.0.1"}
    assert any(address.startswith("ws:") for address in asked)


def test_a_page_of_another_site_is_not_talked_to(served, browser):
    _, url = served
    page = browser.new_page()
    page.add_init_script(
        "const Own = WebSocket; WebSocket = class extends Own { constructor(...given) "
        "{ super(...given); window.given = given } }"
    )
    page.goto(url.replace("127.0.0.1", "localhost"))
    page.locator("figure.edited img").wait_for(timeout=10_000)
    given = page.evaluate("given")  # the address, and the token that the page was handed
    opens = """given => new Promise(done => {
        const socket = new WebSocket(...given)
        socket.onopen = () => done(true); socket.onerror = () => done(false)
    })"""
    assert page.evaluate(opens, given) is True
    page.goto("data:text/html,<p>elsewhere")
    assert page.evaluate(opens, given) is False


def test_an_interrupt_ends_the_command_with_its_code(served):
    process, _ = served
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said == ""
