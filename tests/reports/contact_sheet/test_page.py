"""The page: nothing that was put in can leave its place."""

import base64
import hashlib
import json
import re

from newsimages.reports.contact_sheet.page import as_json, page
from newsimages.reports.contact_sheet.sheet import FRAME_BYTES
from newsimages.reports.contact_sheet.thumbnails import Thumbnails

HOSTILE = "</script><script>alert(1)</script><!--${script} &amp;\u2028\x00\ud800"
THUMBNAILS = Thumbnails(longest_px=96, pictures=("UklGRg==", None), reasons=(None, HOSTILE))


def built() -> str:
    return page({"images": [HOSTILE]}, THUMBNAILS, name=HOSTILE, notes=["Some & more."])


def test_json_holds_no_markup_and_comes_back_whole() -> None:
    text = as_json([HOSTILE])
    assert not set("<>&\u2028\x00\ud800") & set(text)
    assert json.loads(text) == [HOSTILE]


def test_values_pictures_and_name_stay_in_their_places() -> None:
    html = built()
    blocks = re.findall(r'<script type="application/json" id="(\w+)">(.*?)</script>', html, re.S)
    assert json.loads(dict(blocks)["values"]) == {"images": [HOSTILE]}
    assert json.loads(dict(blocks)["pictures"]) == ["UklGRg==", "!" + HOSTILE]
    assert html.count("<script") == 3
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in html
    assert "${script}" in html  # of the hostile name; what is put in is not filled in again
    assert '<p class="notes">Some &amp; more.</p>' in html


def test_policy_admits_this_style_and_script_and_no_network() -> None:
    html = built()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy.startswith("default-src 'none'; img-src data:; ")
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.S)
    (script,) = re.findall(r"<script>(.*?)</script>\n</body>", html, re.S)
    for text in (style, script):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not re.findall(r"https?:|url\(|@import|localStorage|cookie", html)


def test_frame_is_as_small_as_the_budget_takes_it_for() -> None:
    nothing = Thumbnails(longest_px=96, pictures=(), reasons=())
    assert len(page({}, nothing, name="", notes=[]).encode()) < FRAME_BYTES - 2000
