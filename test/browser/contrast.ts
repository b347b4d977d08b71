/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Page } from 'playwright-core';

export interface TextContrast {
  text: string;
  where: string;
  ratio: number;
}

/** WCAG contrast of every visible text with the background behind it; opacity of ancestors counts. */
export function textContrasts(page: Page): Promise<TextContrast[]> {
  return page.evaluate(() => {
    // Any CSS colour, color-mix() included, as the browser paints it.
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
    type Colour = [number, number, number, number];
    const read = (css: string): Colour => {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = css;
      context.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
      return [r!, g!, b!, a! / 255];
    };
    const over = (top: Colour, under: Colour, alpha: number): Colour => {
      const mix = (i: 0 | 1 | 2): number => top[i] * alpha + under[i] * (1 - alpha);
      return [mix(0), mix(1), mix(2), 1];
    };
    const luminance = ([r, g, b]: Colour): number => {
      const linear = (value: number): number => {
        const c = value / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
      };
      return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    };
    const behind = (start: Element): Colour => {
      for (let node: Element | null = start; node !== null; node = node.parentElement) {
        const colour = read(getComputedStyle(node).backgroundColor);
        if (colour[3] === 1) return colour;
      }
      return [255, 255, 255, 1];
    };
    const found: { text: string; where: string; ratio: number }[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement!;
      const text = node.textContent!.trim();
      if (text === '' || !element.checkVisibility() || element.closest('title, desc, script, style'))
        continue;
      // Kept for screen readers, clipped to a pixel.
      if (element.closest('.why, .skip')) continue;
      const style = getComputedStyle(element);
      let alpha = 1;
      for (let at: Element | null = element; at !== null; at = at.parentElement) {
        alpha *= Number(getComputedStyle(at).opacity);
      }
      // The link sign of a row appears under the pointer or with the focus only.
      if (alpha === 0) continue;
      const svg = element.closest('svg') !== null;
      const page = behind(element);
      const ink = read(svg ? style.fill : style.color);
      const [a, b] = [luminance(over(ink, page, alpha * ink[3])), luminance(page)];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      found.push({
        text: text.slice(0, 40),
        where: element.className.toString(),
        ratio: Math.round(ratio * 100) / 100,
      });
    }
    return found;
  });
}
