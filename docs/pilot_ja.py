"""Write the tables of simulated pilots in docs/ja/pilot.md from results/pilot.json.

    python docs/pilot_ja.py

`tests/test_docs.py` fails when the committed tables are not what this script writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pilot import covered, found
from reports import tabled

PAGE = Path(__file__).parent / "ja" / "pilot.md"


def page() -> str:
    """The page with the tables of the current report."""
    return tabled(PAGE, {"pilot coverage": _coverage, "pilot power": _power})


def _coverage(report: Mapping[str, Any]) -> str:
    heads = ("評価者、画像、シード", "評価者と画像の相関", "選好なし({})", "真の選好{}")
    said = ("なし", "0.05と0.1(想定どおり)", "0.2と0.3(想定より大きい)")
    return f"{_origin(report)}。名目は95 %です。\n\n{covered(report, said, heads, '、')}\n"


def _power(report: Mapping[str, Any]) -> str:
    heads = ("評価者、画像、シード", "真の選好", "全票で見つかる割合", "途中も含めて見つかる割合")
    return f"{_origin(report)}。名目は0.80です。\n\n{found(report, heads, '、')}\n"


def _origin(report: Mapping[str, Any]) -> str:
    (seed,) = report["seeds"]
    return f"数値ごとに模擬パイロット{report['n']}件(シード{seed}、コミット{report['commit']})"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
