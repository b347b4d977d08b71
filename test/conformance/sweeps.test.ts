import { afterAll, describe } from 'vitest';
import type { SweepFact } from '../../engines/contract/facts.js';
import { COUNT, checkSweeps, QUERIES } from '../../harness/conformance/sweeps.js';
import { type SweepResult, writeMeasured } from './engines-doc.js';
import { api, contenderOf, contenders, mayOverlap } from './session.js';

/** What a stand-in cannot do as the server does. */
const STAND_IN_LACKS: Readonly<Record<string, string>> = {
  'qdrant segments': 'the stand-in writes one segment',
};

const results: SweepResult[] = [];

/** Written down, all values are measured; otherwise an index that is built for each value is built for the ends alone. */
const WRITES = process.env['VECPROOF_WRITE_DOCS'] === '1';

function valuesOf({ part, values }: SweepFact): SweepFact['values'] {
  return WRITES || part === 'search' ? values : [values[0]!, values.at(-1)!];
}

for (const contender of contenders) {
  const { name, definition, missing, suffix, standIn } = contender;
  const concurrent = mayOverlap(definition, standIn);
  describe.skipIf(missing !== undefined)(`${name}${suffix}`, { concurrent }, () =>
    checkSweeps(api, contenderOf(contender), {
      valuesOf,
      // A restart for one setting would take the server away from other sessions: those are closed by their sweep.
      shares: name !== 'chroma',
      whyNot: ({ key }) => (standIn === undefined ? undefined : STAND_IN_LACKS[`${name} ${key}`]),
      onMeasured: (sweep, recalls) => results.push({ engine: name, sweep, recalls }),
    }),
  );
}

afterAll(async () => {
  if (WRITES) await writeMeasured(results, { points: COUNT, queries: QUERIES });
});
