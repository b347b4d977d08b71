/** How a series looks in every chart of every report: a pure function of its names. */
export interface Identity {
  /** Index into the palette (`--series-0` … of the style sheet), from the engine's name. */
  colour: number;
  /** Shape of the mark, from the engine's name. */
  shape: Shape;
  /** Line and fill pattern, which tells the variants of one engine apart. */
  variant: number;
}

export const SHAPES = ['diamond', 'square', 'cross', 'hexagon', 'circle', 'star', 'triangle'] as const;
export type Shape = (typeof SHAPES)[number];

/**
 * Seven colours in the order of Okabe & Ito's hues, chosen by search so that each has a contrast of 4.5:1 or more
 * on its page and any two differ for normal, protanope, deuteranope and tritanope eyes (a test holds both).
 */
export const PALETTE = {
  light: ['#0060b0', '#a43b00', '#0a8062', '#9c1a7a', '#9a6e00', '#7d55dd', '#4a4a4a'],
  dark: ['#74abfd', '#ec6e43', '#8fedbb', '#bf6ba5', '#efd019', '#7b79fd', '#b0b0b0'],
} as const;

/** Line patterns of the variants of one engine, as SVG dash arrays; the first is a plain line. */
export const DASHES = ['none', '6 3', '2 2.5', '9 3 2 3', '12 4'] as const;

/** Number of ways a variant's mark is filled: solid, hollow, tinted. */
export const FILLS = 3;

/** Chosen so that the engines people compare most get different colours; any other value would work too. */
const SEED = 0x74e1d;

/** FNV-1a, 32 bit. */
function hash(text: string, seed: number): number {
  let value = (0x811c9dc5 ^ seed) >>> 0;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  // The low bits of FNV-1a are weak on short names: fold the high ones in.
  return (value ^ (value >>> 15)) >>> 0;
}

export function engineIdentity(engine: string): { colour: number; shape: Shape } {
  const value = hash(engine, SEED);
  const colour = value % PALETTE.light.length;
  return { colour, shape: SHAPES[Math.floor(value / PALETTE.light.length) % SHAPES.length]! };
}

/**
 * Identities of a report's series. Colour and shape depend on the engine's name alone; the variant counts
 * the engine's series in alphabetical order, so that it does not depend on the order of the suite.
 */
export function identities(series: readonly { key: string; engine: string }[]): Map<string, Identity> {
  const found = new Map<string, Identity>();
  const seen = new Map<string, number>();
  for (const { key, engine } of [...series].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const variant = seen.get(engine) ?? 0;
    seen.set(engine, variant + 1);
    found.set(key, { ...engineIdentity(engine), variant });
  }
  return found;
}
