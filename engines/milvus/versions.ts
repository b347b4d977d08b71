import type { CollectionSpec } from '../contract/spec.js';

/** `2.3.5` and `2.3.5-lite` as numbers. */
function numbers(version: string): [number, number] {
  const [major = 0, minor = 0] = (/\d+\.\d+/.exec(version)?.[0] ?? '0.0').split('.').map(Number);
  return [major, minor];
}

export function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor, ownMinor] = numbers(version);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** Oldest servers that index vectors of other kinds than float32, float16 and bits. */
const SINCE = { several: [2, 4], bf16: [2, 4], sparse: [2, 4], int8: [2, 6] } as const;

/** What of such a collection a server of that version has not yet, one sentence each; empty: nothing. */
export function whyNotOn(version: string, { vectors }: Pick<CollectionSpec, 'vectors'>): string[] {
  const lacks = (what: keyof typeof SINCE) => !isAtLeast(version, SINCE[what]);
  const since = (what: keyof typeof SINCE) => `since Milvus ${SINCE[what].join('.')}, this is ${version}`;
  const kinds = vectors.flatMap(({ name, kind, type }) => {
    const what = kind === 'sparse' ? kind : type;
    if (what === 'f32' || what === 'f16' || what === 'bit') return [];
    return lacks(what) ? [`vector "${name}": there are ${what} vectors ${since(what)}`] : [];
  });
  const several = vectors.length > 1 && lacks('several');
  return [...kinds, ...(several ? [`there are several vectors in a point ${since('several')}`] : [])];
}
