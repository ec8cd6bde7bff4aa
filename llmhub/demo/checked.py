"""Check the demo's providers, once their simulator runs: `python -m llmhub.demo.checked`."""

from __future__ import annotations

import django


def main() -> None:
    """Do it once."""
    django.setup()
    from llmhub.demo import setting

    setting.check_providers()


if __name__ == "__main__":
    main()
