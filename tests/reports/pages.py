"""What the tests of pages in a browser look at."""

from collections.abc import Callable

from playwright.sync_api import Page

Open = Callable[..., Page]
"""Opens the page at a path; also: ``width`` of the window, and what a browser's context takes."""

CONTRAST = """selector => {
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const luminance = (...layers) => {
    paint.clearRect(0, 0, 1, 1);
    for (paint.fillStyle of layers) paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  };
  const element = document.querySelector(selector);
  const below = [];
  for (let one = element; one; one = one.parentElement) {
    below.unshift(getComputedStyle(one).backgroundColor);
  }
  const text = luminance(getComputedStyle(element).color);
  const paper = luminance(...below);
  return (Math.max(text, paper) + 0.05) / (Math.min(text, paper) + 0.05);
}"""
"""The contrast of an element's text with what lies below it, from 1 to 21 (WCAG 2.2)."""
