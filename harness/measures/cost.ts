import type { BuildCost, Measures } from '../store/schema.js';

/** What the build of a trial cost; single observations, so without intervals. Unmeasured figures are absent. */
export function costMeasures(cost: BuildCost): Measures {
  const { loadSeconds, indexSeconds, points, memoryPeakBytes } = cost;
  const peaks = Object.values(memoryPeakBytes ?? {});
  const both = loadSeconds === undefined || indexSeconds === undefined;
  const rate = loadSeconds === undefined || points === undefined || loadSeconds <= 0;
  return {
    ...single('load.seconds', loadSeconds),
    ...single('load.pointsPerSecond', rate ? undefined : points / loadSeconds),
    ...single('index.seconds', indexSeconds),
    ...single('build.seconds', both ? undefined : loadSeconds + indexSeconds),
    ...single('memory.baseline', cost.memoryBaselineBytes),
    ...single('memory.peak', peaks.length === 0 ? undefined : Math.max(...peaks)),
    ...single('index.size', cost.indexBytes),
  };
}

function single(name: string, value: number | undefined): Measures {
  return value === undefined ? {} : { [name]: { value, low: null, high: null, n: 1 } };
}
