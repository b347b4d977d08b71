/** How a series looks in every chart of every report: no two of a report share colour, shape and fill. */
export interface Identity {
  /** Index into the palette (`--series-0` … of the style sheet), from the engine's name. */
  colour: number;
  /** Shape of the mark, from the engine's name; that of another one where the engine has more series than fills. */
  shape: Shape;
  /** Solid, hollow or tinted, from the series' name. */
  fill: number;
  /** Number of the line's pattern. */
  line: number;
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

/** Number of ways a mark is filled: solid, hollow, tinted. */
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
 * Identities of a report's series, whatever the order of the suite. Each has the colour and shape of its engine and a fill by its
 * own name, as long as no other has taken that look; then the next fill, the next shape, at last the next colour. So the others
 * matter only to what would look the same.
 */
export function identities(series: readonly { key: string; engine: string }[]): Map<string, Identity> {
  const found = new Map<string, Identity>();
  const taken = new Set<string>();
  let open = [...series].sort((a, b) => (a.key < b.key ? -1 : 1));
  // Everyone's first wish goes before anybody's second: a crowd does not drive others from their looks.
  for (let wish = 0; open.length > 0; wish++) {
    open = open.filter(({ key, engine }) => {
      const look = lookAt(engine, key, wish);
      const name = `${look.colour} ${look.shape} ${look.fill}`;
      if (taken.has(name) && wish < LOOKS) return true;
      taken.add(name);
      found.set(key, { ...look, line: linesBefore(found, look.colour) });
      return false;
    });
  }
  return found;
}

/** Different looks; of more series some must share one. */
const LOOKS = FILLS * SHAPES.length * PALETTE.light.length;

/** The wishes of a series, from its own look on. */
function lookAt(engine: string, key: string, wish: number): Omit<Identity, 'line'> {
  const own = engineIdentity(engine);
  const shape = SHAPES.indexOf(own.shape) + Math.floor(wish / FILLS);
  const colour = own.colour + Math.floor(wish / (FILLS * SHAPES.length));
  return {
    colour: colour % PALETTE.light.length,
    shape: SHAPES[shape % SHAPES.length]!,
    fill: (hash(key, SEED) + wish) % FILLS,
  };
}

/** Lines of one colour have different patterns, as far as there are. */
const linesBefore = (found: ReadonlyMap<string, Identity>, colour: number): number =>
  [...found.values()].filter((other) => other.colour === colour).length % DASHES.length;
