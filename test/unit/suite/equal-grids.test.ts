import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../../common/paths.js';

/**
 * Contenders that are swept by other values than the rest of their index type, each with the reason. `suite: contender parameter`.
 */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'servers.yaml: pgvector hnsw-binary ef':
    'its graph returns candidates for re-ranking, 400 here: a smaller ef than 100 gives too few of them to re-rank',
};

interface Entry {
  use: string;
  label?: string;
  index?: Record<string, unknown>;
  search?: Record<string, unknown>;
}

const listed = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
const folder = join(packageRoot, 'suites');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/** By contender (engine, index type, quantization) and search parameter all values of its entries, ascending. */
function sweeps(entries: readonly Entry[]) {
  const found = new Map<string, { engine: string; type: string; parameter: string; values: unknown[] }>();
  for (const { use, index = {}, search = {} } of entries) {
    for (const type of listed(index['type']).map(String)) {
      for (const quantization of listed(index['quantization'] ?? 'none').map(String)) {
        const variant = quantization === 'none' ? type : `${type}-${quantization}`;
        for (const [parameter, value] of Object.entries(search)) {
          const name = `${use} ${variant} ${parameter}`;
          const known = found.get(name) ?? { engine: use, type, parameter, values: [] };
          const values = [...new Set([...known.values, ...listed(value)])];
          found.set(name, { ...known, values: values.sort((a, b) => Number(a) - Number(b)) });
        }
      }
    }
  }
  return found;
}

/** Pairs of contenders of different engines with one index type whose values of a parameter differ. */
function unequal(entries: readonly Entry[], excepted: (name: string) => boolean): string[] {
  const all = [...sweeps(entries)].filter(([name]) => !excepted(name));
  return all.flatMap(([name, one], i) =>
    all
      .slice(i + 1)
      .filter(
        ([, { engine, type, parameter }]) =>
          engine !== one.engine && type === one.type && parameter === one.parameter,
      )
      .filter(([, { values }]) => JSON.stringify(values) !== JSON.stringify(one.values))
      .map(([other, { values }]) => `${name} ${one.values} and ${other} ${values}`),
  );
}

describe('suites that are shipped sweep equal index types by equal values', () => {
  it.each(files)('%s', (file) => {
    const { engines } = parse(readFileSync(join(folder, file), 'utf8')) as { engines: Entry[] };
    expect(engines.length).toBeGreaterThan(0);
    expect(unequal(engines, (name) => `${file}: ${name}` in EXCEPTIONS)).toEqual([]);
  });

  it('has no exception that is not needed', () => {
    for (const name of Object.keys(EXCEPTIONS)) {
      const [file, contender] = name.split(': ') as [string, string];
      const { engines } = parse(readFileSync(join(folder, file), 'utf8')) as { engines: Entry[] };
      expect(unequal(engines, () => false).some((pair) => pair.includes(contender))).toBe(true);
    }
  });

  it('tells grids apart', () => {
    const entries = [
      { use: 'a', index: { type: 'hnsw' }, search: { ef: [10, 20] } },
      { use: 'a', index: { type: 'hnsw' }, search: { ef: [40], refineFactor: 4 } },
      { use: 'b', index: { type: 'hnsw', quantization: 'sq8' }, search: { ef: [10, 40] } },
      { use: 'b', index: { type: 'ivf' }, search: { ef: 5 } },
    ];
    expect(unequal(entries, () => false)).toEqual(['a hnsw ef 10,20,40 and b hnsw-sq8 ef 10,40']);
  });
});
