"""What the tests of pages in a browser look at."""

from collections.abc import Callable

from playwright.sync_api import Page

Open = Callable[..., Page]
"""Opens the page at a path; also: ``width`` of the window, and what a browser's context takes."""

CONTRAST = """selector => {
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const luminance = (colour) => {
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  };
  const element = document.querySelector(selector);
  let below = element;
  const isClear = (one) => getComputedStyle(one).backgroundColor === 'rgba(0, 0, 0, 0)';
  while (isClear(below)) below = below.parentElement;
  const text = luminance(getComputedStyle(element).color);
  const paper = luminance(getComputedStyle(below).backgroundColor);
  return (Math.max(text, paper) + 0.05) / (Math.min(text, paper) + 0.05);
}"""
"""The contrast of an element's text with what lies below it, from 1 to 21 (WCAG 2.2)."""
