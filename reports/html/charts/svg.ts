/** Small charts that are written as text: no layout to solve, and a few hundred bytes each. */

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** One element; text and attributes are escaped. */
export function element(name: string, attributes: Attributes, ...content: readonly string[]): string {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const text = given.map(([key, value]) => ` ${key}="${escaped(short(value!))}"`).join('');
  return content.length === 0 ? `<${name}${text}/>` : `<${name}${text}>${content.join('')}</${name}>`;
}

export const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/\p{Cc}/gu, ' ');

/** Coordinates to a tenth of a pixel. */
const short = (value: string | number): string =>
  typeof value === 'number' ? String(Number(value.toFixed(1))) : value;

export interface Figure {
  id: string;
  size: { name: string; width: number; height: number; font: number };
  title: string;
  description: string;
}

/** The frame of a chart: as wide as its place, with title and description for screen readers. */
export function figure({ id, size, title, description }: Figure, ...content: readonly string[]): string {
  const name = `${id}-${size.name}`;
  return element(
    'svg',
    {
      class: `plot ${size.name}`,
      viewBox: `0 0 ${size.width} ${size.height}`,
      width: size.width,
      height: size.height,
      'font-size': size.font,
      role: 'group',
      'aria-labelledby': `${name}-title`,
      'aria-describedby': `${name}-desc`,
    },
    element('title', { id: `${name}-title` }, escaped(title)),
    element('desc', { id: `${name}-desc` }, escaped(description)),
    ...content,
  );
}

/** Round values that span an interval, about `count` of them. */
export function roundTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low || Math.abs(high) || 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((each) => each * power >= rough * 0.999) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
    Number(((first + i) * step).toPrecision(10)),
  );
}
