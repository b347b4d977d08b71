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
    ...single('build.foreign', cost.foreignCores),
    ...memory(cost),
    ...single('index.size', cost.indexBytes),
    ...single('server.disk', cost.server?.diskBytes),
    ...single('server.start.seconds', cost.server?.startSeconds),
  };
}

/** Phases in which an index is made. */
const BUILDING: ReadonlySet<string> = new Set(['create', 'load', 'index', 'all']);

/**
 * What the engine needs beyond what was there before: in the build's own process for an embedded engine; for a server in
 * its container, while the process that only asks is `client.memory.peak`.
 */
function memory({ memoryBaselineBytes, memoryPeakBytes, memoryHeldBytes, server }: BuildCost): Measures {
  const own = above(peakOfBuilding(memoryPeakBytes), memoryBaselineBytes);
  const of =
    server === undefined
      ? { baseline: memoryBaselineBytes, peak: own, held: memoryHeldBytes }
      : {
          baseline: server.memoryHeldBytes?.start,
          peak: above(peakOfBuilding(server.memoryPeakBytes), server.memoryHeldBytes?.start),
          held: server.memoryHeldBytes,
        };
  return {
    ...single('memory.peak', of.peak),
    ...single('memory.index', above(of.held?.index, of.held?.start)),
    ...single('memory.search', above(of.held?.search, of.held?.start)),
    ...single('memory.baseline', of.baseline),
    ...(server !== undefined && single('client.memory.peak', own)),
  };
}

/** What is less than the noise of the baseline is nothing. */
function above(bytes: number | undefined, baseline: number | undefined): number | undefined {
  return bytes === undefined || baseline === undefined ? undefined : Math.max(0, bytes - baseline);
}

function peakOfBuilding(peaks: Readonly<Record<string, number>> | undefined): number | undefined {
  const values = Object.entries(peaks ?? {}).flatMap(([phase, bytes]) =>
    BUILDING.has(phase) ? [bytes] : [],
  );
  return values.length === 0 ? undefined : Math.max(...values);
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

function single(name: string, value: number | undefined): Measures {
  return value === undefined ? {} : { [name]: { value, low: null, high: null, n: 1 } };
}
