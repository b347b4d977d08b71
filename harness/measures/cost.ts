import type { BuildCost } from '../model/events.js';
import type { Measures } from '../model/results.js';

/** What the build of a trial cost; single observations, so without intervals. Unmeasured figures are absent. */
export function costMeasures(cost: BuildCost): Measures {
  const { loadSeconds, indexSeconds, points } = cost;
  const both = loadSeconds === undefined || indexSeconds === undefined;
  const rate = loadSeconds === undefined || points === undefined || loadSeconds <= 0;
  return {
    ...single('load.seconds', loadSeconds),
    ...single('load.pointsPerSecond', rate ? undefined : points / loadSeconds),
    ...single('index.seconds', indexSeconds),
    ...single('build.seconds', both ? undefined : loadSeconds + indexSeconds),
    ...memory(cost),
    ...single('index.size', cost.indexBytes),
    ...single('server.disk', cost.server?.diskBytes),
    ...single('server.start.seconds', cost.server?.startSeconds),
  };
}

/**
 * What the engine needs: the build's own process for an embedded engine; for a server its container, while the
 * process that only asks is `client.memory.peak`.
 */
function memory({ memoryBaselineBytes, memoryPeakBytes, server }: BuildCost): Measures {
  const own = largest(memoryPeakBytes);
  if (server === undefined) {
    return { ...single('memory.baseline', memoryBaselineBytes), ...single('memory.peak', own) };
  }
  return {
    ...single('memory.peak', largest(server.memoryPeakBytes)),
    ...single('client.memory.peak', own),
  };
}

/** What a server used while one trial was searched, over all its passes. */
export function serverMeasures(use: ServerUse | undefined): Measures {
  return {
    ...single('server.memory.peak', use?.memoryPeakBytes),
    ...single('server.cpu.seconds', use?.cpuSeconds),
  };
}

export interface ServerUse {
  memoryPeakBytes?: number | undefined;
  cpuSeconds?: number | undefined;
}

function largest(peaks: Readonly<Record<string, number>> | undefined): number | undefined {
  const values = Object.values(peaks ?? {});
  return values.length === 0 ? undefined : Math.max(...values);
}

function single(name: string, value: number | undefined): Measures {
  return value === undefined ? {} : { [name]: { value, low: null, high: null, n: 1 } };
}
