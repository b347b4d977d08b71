import { afterAll, describe } from 'vitest';
import type { SweepFact } from '../../engines/contract/facts.js';
import { ends } from '../../harness/conformance/suite.js';
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

function valuesOf(sweep: SweepFact): SweepFact['values'] {
  return WRITES ? sweep.values : ends(sweep);
}

for (const contender of contenders) {
  const { name, definition, missing, suffix, standIn } = contender;
  const concurrent = mayOverlap(definition, standIn);
  describe.skipIf(missing !== undefined)(`${name}${suffix}`, { concurrent }, () =>
    checkSweeps(api, contenderOf(contender), {
      valuesOf,
      whyNot: ({ key }) => (standIn === undefined ? undefined : STAND_IN_LACKS[`${name} ${key}`]),
      onMeasured: (sweep, recalls) => results.push({ engine: name, sweep, recalls }),
    }),
  );
}

afterAll(async () => {
  if (WRITES) await writeMeasured(results, { points: COUNT, queries: QUERIES });
});
