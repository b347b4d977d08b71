import { afterAll, describe, expect, test } from 'vitest';
import type { OptionsInput } from '../../engines/contract/options.js';
import { recall, type Slice, slice } from './data.js';
import { writeMeasured } from './engines-doc.js';
import { build, contenders, mayOverlap, parsed, rowsOf, type Session } from './session.js';
import { FILTER_SETTINGS, SWEEPS, type Sweep, type SweepResult, withValue } from './sweeps.js';

const COUNT = 3000;
const QUERIES = 200;
/** Two neighbouring values may come out in the wrong order by this much, as some builds are random. */
const SLACK = 0.03;
/** Builds on servers, beside other work. */
const MOST_MS = 400_000;

/** What a stand-in cannot do as the server does. */
const STAND_IN_LACKS: Readonly<Record<string, string>> = {
  'qdrant segments': 'the stand-in writes one segment',
};

const results: SweepResult[] = [];

/** Written down, all values are measured; otherwise an index that is built for each value is built for the ends alone. */
const WRITES = process.env['VECPROOF_WRITE_DOCS'] === '1';

function valuesOf({ part, values }: Sweep): Sweep['values'] {
  return WRITES || part === 'search' ? values : [values[0]!, values.at(-1)!];
}

for (const { name, definition, missing, suffix, standIn } of contenders) {
  const concurrent = mayOverlap(definition, standIn);
  describe.skipIf(missing !== undefined)(`${name}${suffix}`, { concurrent }, () => {
    /** Sessions by complete index parameters: several sweeps search one build. */
    const sessions = new Map<string, Promise<Session>>();

    afterAll(async () => {
      for (const session of sessions.values()) await (await session).close();
    });

    /** A restart for one setting would take the server away from other sessions: those are closed by their sweep. */
    const shares = name !== 'chroma';

    async function sessionOf(index: OptionsInput['index'], data: Slice, threads: number): Promise<Session> {
      if (!shares) return build(definition, data, { index, threads });
      const key = JSON.stringify(parsed(definition, { index }).index);
      let session = sessions.get(key);
      if (session === undefined) {
        session = build(definition, data, { index, threads });
        sessions.set(key, session);
      }
      return session;
    }

    async function measure(sweep: Sweep): Promise<number[]> {
      const data = await slice('cosine', COUNT, QUERIES);
      // A second thread only where it cannot cost determinism.
      const threads = definition.capabilities.deterministicBuild === 'never' ? 2 : 1;
      const recalls: number[] = [];
      let session: Session | undefined;
      for (const value of valuesOf(sweep)) {
        const { index, search } = withValue(sweep, value);
        if (session === undefined || sweep.part === 'index') {
          if (!shares) await session?.close();
          session = await sessionOf(index, data, threads);
        }
        const answers = await session.search(search, 10);
        recalls.push(recall(data, rowsOf(answers), 10));
      }
      if (!shares) await session?.close();
      return recalls;
    }

    test('every parameter that its schemas know is swept', () => {
      const known = Object.entries(definition.optionSchemas()).flatMap(([part, schema]) =>
        Object.keys(schema['properties'] as object).map((key) => `${part}.${key}`),
      );
      const swept = new Set(SWEEPS[name]!.map(({ part, key }) => `${part}.${key}`));
      const fixedByName = [
        'index.type',
        ...FILTER_SETTINGS,
        ...(SWEEPS[name]!.some(({ key }) => key === 'quantization') ? [] : ['index.quantization']),
      ];
      expect([...swept].sort()).toEqual(known.filter((key) => !fixedByName.includes(key)).sort());
    });

    for (const sweep of SWEEPS[name]!) {
      const { key, fixed, recall: direction, by } = sweep;
      const title = `${key} ${valuesOf(sweep).join(', ')} with ${JSON.stringify(fixed)}`;
      const unlike = standIn === undefined ? undefined : STAND_IN_LACKS[`${name} ${key}`];
      const why = unlike === undefined ? '' : ` (skipped: ${unlike})`;
      test.skipIf(unlike !== undefined)(
        `${title}: recall ${direction} by at least ${by}${why}`,
        async () => {
          const recalls = await measure(sweep);
          results.push({ engine: name, sweep, recalls });
          const sign = direction === 'rises' ? 1 : -1;
          expect(
            sign * (recalls.at(-1)! - recalls[0]!),
            `recalls ${recalls.join(', ')}`,
          ).toBeGreaterThanOrEqual(by);
          for (let i = 1; i < recalls.length; i++) {
            expect(sign * (recalls[i]! - recalls[i - 1]!), `recalls ${recalls.join(', ')}`).toBeGreaterThan(
              -SLACK,
            );
          }
        },
        MOST_MS,
      );
    }
  });
}

afterAll(async () => {
  if (WRITES) await writeMeasured(results, { points: COUNT, queries: QUERIES });
});
