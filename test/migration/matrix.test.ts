import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeFileAtomic } from '../../common/files.js';
import { packageRoot } from '../../common/paths.js';
import type { Mapping } from '../../migration/mapping/mapping.js';
import type { Verification } from '../../migration/verify/verify.js';
import { canarySets } from './helpers/canaries.js';
import { FILE_SOURCES, writeCanaryLines } from './helpers/file-sources.js';
import { lossesOfRow, readMatrix, withMatrix } from './helpers/matrix-doc.js';
import {
  arrivedIn,
  compareExports,
  engines,
  exportPlace,
  exportSet,
  type Moved,
  matrixFolder,
  move,
  readFrom,
  toldOf,
  wholeMatrix,
} from './helpers/pairs.js';

/** A load into Milvus waits for its server half a minute: `VECPROOF_MATRIX=all` for every pair with it as the target. */
const SETS = canarySets();
const THEMSELVES = 'the canaries';
/** Of a test: a loaded machine makes it twice as long. */
const PATIENCE = 400_000;
const isLoaded = (name: string, from: string) => wholeMatrix || name !== 'milvus' || from === 'lancedb';

beforeAll(async () => {
  for (const set of SETS) await exportSet(set);
});

describe.each(engines)('canaries in $title', (engine) => {
  const { name, missing } = engine;
  for (const set of SETS) {
    const skipped = missing !== undefined || !(set.name === 'texts' || isLoaded(name, ''));
    test.skipIf(skipped)(
      `${set.name}: arrive, but for exactly the losses that were told before`,
      async () => {
        const { mapping, loaded, compare } = await arrivedIn(engine, set.name);
        expect(loaded).toMatchObject({ state: 'loaded', rejects: [] });
        const asMapped = await compare();
        expect(asMapped.samples).toEqual([]);
        expect(asMapped.state).toBe('equal');
        // Ids of another form make every point another one: what is in them was compared under the mapping.
        if (mapping.losses.some(({ loss }) => loss.startsWith('id-'))) return;
        const { samples, counts } = await compareExports(set.name, await readFrom(engine, set.name));
        const { leftOut } = loaded as { leftOut: number };
        expect({ missing: counts.missing, extra: counts.extra }).toEqual({ missing: leftOut, extra: 0 });
        expect(untold(samples, [mapping])).toEqual([]);
        expect(unseen(samples, mapping)).toEqual([]);
      },
      PATIENCE,
    );
  }
});

type Samples = Verification['samples'];

/** Field, vector or part that a difference is about. */
function subjectOf(word: string): { of: 'field' | 'vector' | 'part'; name: string } {
  const [, of, json] = /^(field|vector) ("(?:[^"\\]|\\.)*")/.exec(word) ?? [];
  if (of === undefined || json === undefined) return { of: 'part', name: word.split(':')[0]! };
  return { of: of as 'field' | 'vector', name: JSON.parse(json) as string };
}

/** Differences between source and target that are none of the losses that the mappings tell. */
function untold(samples: Samples, mappings: readonly Mapping[]): string[] {
  return samples
    .flatMap(({ words }) => words)
    .filter((word) => !mappings.some((mapping) => isTold(mapping, word)));
}

function isTold({ losses, fields, vectors }: Mapping, word: string): boolean {
  const { of, name } = subjectOf(word);
  if (of === 'part') return losses.some(({ loss }) => loss === `${name}-dropped`);
  if (of === 'vector') {
    const names = vectors.filter(({ from, to }) => from === name || to === name).map(({ from }) => from);
    return losses.some((each) => names.includes(each.of) && each.loss.startsWith('vector-'));
  }
  // A field of a nested object shows in the difference of the object; a renamed one under its new name, too.
  const isPart = (field: string | null) => field === name || field?.startsWith(`${name}.`) === true;
  const names = fields.filter(({ from, to }) => isPart(from) || isPart(to)).map(({ from }) => from);
  return losses.some((each) => each.of === '' || names.includes(each.of));
}

/** Losses that were told of a field or vector, and of which nothing is to be seen: told for nothing. */
function unseen(samples: Samples, { losses }: Mapping): string[] {
  const differing = new Map<string, number>();
  for (const { words } of samples)
    for (const word of words) {
      const { name } = subjectOf(word);
      differing.set(name, (differing.get(name) ?? 0) + 1);
    }
  return losses
    .filter(({ of, points, loss }) => of !== '' && points > 0 && !HARMLESS.has(loss))
    .filter(({ of }) => !differing.has(of) && !differing.has(of.split('.')[0]!))
    .map(({ loss, of }) => `${loss} of ${of}`);
}

/** Nothing of the point itself differs, or it is left out as a whole. */
const HARMLESS = new Set([
  'metric-not-told',
  'metric-changed',
  'vector-absent',
  'vector-not-finite',
  'text-too-long',
]);

describe.each(engines)('from $title', (from) => {
  let first: string;
  beforeAll(async () => {
    if (from.missing === undefined) first = await readFrom(from, 'texts');
  }, PATIENCE);

  for (const to of engines.filter(({ name }) => isLoaded(name, from.name))) {
    const missing = from.missing ?? to.missing;
    describe(`to ${to.title}`, () => {
      let there: Moved;
      test.skipIf(missing !== undefined)(
        'what arrived there arrives here',
        async () => {
          there = await move(first, to.definition);
          expect(there.loaded).toMatchObject({ state: 'loaded', rejects: [] });
          const { state, samples } = await there.compare();
          expect(samples).toEqual([]);
          expect(state).toBe('equal');
        },
        PATIENCE,
      );

      // Its way back is a load into it.
      const oneWay = missing !== undefined || !isLoaded(from.name, to.name);
      test.skipIf(oneWay)(
        'and back: it is as it was, but for the losses of both ways',
        async () => {
          const middle = `${first}-to-${to.name}`;
          await exportPlace(there.place, middle);
          const back = await move(middle, from.definition);
          expect(back.loaded).toMatchObject({ state: 'loaded', rejects: [] });
          await exportPlace(back.place, `${middle} and back`);
          const { samples, counts } = await compareExports(first, `${middle} and back`);
          expect(untold(samples, [there.mapping, back.mapping])).toEqual([]);
          const leftOut = [there, back].map(({ loaded }) => (loaded as { leftOut: number }).leftOut);
          expect({ missing: counts.missing, extra: counts.extra }).toEqual({
            missing: leftOut[0]! + leftOut[1]!,
            extra: 0,
          });
        },
        PATIENCE,
      );
    });
  }
});

describe('the matrix in docs/migration.md', () => {
  const page = join(packageRoot, 'docs/migration.md');

  test(
    'says what the mappings tell (npm run docs:matrix writes it)',
    async () => {
      const told = new Map<string, string[]>();
      const sources = new Map([[THEMSELVES, 'texts']]);
      for (const each of engines)
        if (each.missing === undefined) sources.set(each.name, await readFrom(each, 'texts'));
      writeCanaryLines(matrixFolder);
      for (const [i, [title, file]] of FILE_SOURCES.entries()) {
        await exportPlace(`file:${file}`, `file-${i}`);
        sources.set(`file: ${title}`, `file-${i}`);
      }
      for (const [from, source] of sources)
        for (const to of engines) told.set(`${from} → ${to.name}`, lossesOfRow(await toldOf(source, to)));
      const text = readFileSync(page, 'utf8');
      if (process.env['VECPROOF_WRITE_DOCS']) writeFileAtomic(page, withMatrix(text, told), { shared: true });
      const written = readMatrix(readFileSync(page, 'utf8'));
      const names = engines.map(({ name }) => name);
      const rows = [THEMSELVES, ...names, ...FILE_SOURCES.map(([title]) => `file: ${title}`)];
      const pairs = rows.flatMap((from) => names.map((to) => `${from} → ${to}`));
      expect([...written.keys()].sort()).toEqual(pairs.sort());
      for (const [pair, losses] of told) expect(written.get(pair), pair).toEqual(losses);
    },
    PATIENCE,
  );
});
