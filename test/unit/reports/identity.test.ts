import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { engineIdentity, FILLS, identities, PALETTE } from '../../../reports/identity.js';

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function channels(hex: string): [number, number, number] {
  const linear = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return linear as [number, number, number];
}

function contrast(a: string, b: string): number {
  const [la, lb] = [a, b].map((hex) => {
    const [r, g, bl] = channels(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  }) as [number, number];
  return (Math.max(la, lb) + 0.05) / (Math.min(la, lb) + 0.05);
}

/** Matrices of Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB. */
const VISION: Record<string, readonly number[]> = {
  normal: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
};

/** Distance in OKLab (Ottosson 2020), as seen with the given colour vision. */
function seen(hex: string, matrix: readonly number[]): [number, number, number] {
  const rgb = channels(hex);
  const [r, g, b] = [0, 3, 6].map((row) =>
    Math.min(1, Math.max(0, matrix[row]! * rgb[0] + matrix[row + 1]! * rgb[1] + matrix[row + 2]! * rgb[2])),
  ) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.hypot(...a.map((value, i) => value - b[i]!));

describe('the look of an engine', () => {
  it('is a fixed function of its name', () => {
    const looks = Object.fromEntries(
      ['usearch', 'hnswlib', 'lancedb'].map((name) => [name, engineIdentity(name)]),
    );
    expect(looks).toEqual({
      usearch: { colour: 0, shape: 'circle' },
      hnswlib: { colour: 1, shape: 'square' },
      lancedb: { colour: 2, shape: 'triangle' },
    });
  });

  it('differs in colour between the engines people compare most', () => {
    const names = ['usearch', 'hnswlib', 'lancedb', 'qdrant', 'elasticsearch', 'pgvector', 'null'];
    expect(new Set(names.map((name) => engineIdentity(name).colour)).size).toBe(names.length);
  });

  it('is the same whatever else is in the report', () => {
    const alone = identities([{ key: 'lancedb/ivf', engine: 'lancedb' }]).get('lancedb/ivf')!;
    const among = identities([
      { key: 'usearch/hnsw', engine: 'usearch' },
      { key: 'lancedb/ivf', engine: 'lancedb' },
    ]).get('lancedb/ivf')!;
    expect(among).toEqual(alone);
  });

  it('is another one for each contender of a report, in any order of the suite', () => {
    const keys = ['e/c', 'e/a', 'e/b'].map((key) => ({ key, engine: 'e' }));
    const found = identities(keys);
    expect(new Map([...identities(keys.toReversed())].sort())).toEqual(new Map([...found].sort()));
    expect(new Set([...found.values()].map(({ fill }) => fill)).size).toBe(FILLS);
    expect(new Set([...found.values()].map(({ line }) => line)).size).toBe(3);
  });

  it.each(['one engine', 'many engines', 'the engines there are'])(
    'is shared by no two of twenty contenders: %s',
    (kind) => {
      const engines = { 'one engine': ['e'], 'many engines': letters(20), 'the engines there are': ENGINES }[
        kind
      ]!;
      const keys = letters(20).map((letter, i) => ({
        key: `${engines[i % engines.length]}/${letter}`,
        engine: engines[i % engines.length]!,
      }));
      const looks = [...identities(keys).values()].map(
        ({ colour, shape, fill }) => `${colour} ${shape} ${fill}`,
      );
      expect(new Set(looks).size).toBe(20);
    },
  );

  it('is shared by no two of any up to sixty', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 })), {
          selector: String,
          maxLength: 60,
        }),
        (pairs) => {
          const keys = pairs.map(([engine, name]) => ({ key: `e${engine}/${name}`, engine: `e${engine}` }));
          const looks = [...identities(keys).values()].map(
            ({ colour, shape, fill }) => `${colour} ${shape} ${fill}`,
          );
          expect(new Set(looks).size).toBe(keys.length);
        },
      ),
    );
  });

  it('pgvector’s index types are told apart', () => {
    const found = identities(
      ['hnsw', 'hnsw-f16', 'hnsw-binary', 'ivf'].map((type) => ({
        key: `pgvector/pgvector ${type}`,
        engine: 'pgvector',
      })),
    );
    expect(
      new Set([...found.values()].map(({ colour, shape, fill }) => `${colour} ${shape} ${fill}`)).size,
    ).toBe(4);
  });
});

const ENGINES = ['usearch', 'hnswlib', 'lancedb', 'sqlite-vec', 'pgvector', 'chroma', 'milvus', 'qdrant'];
const letters = (n: number): string[] => Array.from({ length: n }, (_, i) => String.fromCharCode(97 + i));

describe('the palette', () => {
  it.each([
    ['light', '#ffffff'],
    ['dark', '#14171a'],
  ] as const)('%s: every colour is legible as text on its page (4.5:1)', (theme, page) => {
    for (const colour of PALETTE[theme]) expect(contrast(colour, page), colour).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['light', 'dark'] as const)(
    '%s: any two colours differ for normal, protanope, deuteranope and tritanope eyes',
    (theme) => {
      for (const [name, matrix] of Object.entries(VISION)) {
        const colours = PALETTE[theme].map((hex) => seen(hex, matrix));
        for (const [i, a] of colours.entries()) {
          for (const [j, b] of colours.entries()) {
            if (i < j) expect(distance(a, b), `${name} ${i} ${j}`).toBeGreaterThan(0.045);
          }
        }
      }
    },
  );
});
