import type { PreparedVectors } from '../../datasets/dataset.js';
import type { PreparedMetadata } from '../../datasets/prepare.js';
import type { BuildCost, SharedPasses } from '../model/events.js';
import { inPhase as inTaskPhase } from '../process/phase.js';
import type { BuildPhase, BuildTaskContext, BuildTypes, Job } from './job.js';

/** What all parts of one build work with, in its process. */
export interface BuildContext extends BuildTaskContext {
  job: Job;
  cost: BuildCost;
  /** Of the server beside this machine's, where several machines search it together and it tells. */
  clock?: SharedPasses['clock'];
  vectors: PreparedVectors;
  /** Undefined where no query has a filter and no field is loaded. */
  metadata: PreparedMetadata | undefined;
}

/** Recording and explaining are the harness's own work: its memory is not the engine's. */
const OWN: ReadonlySet<BuildPhase> = new Set(['record', 'probe']);

/** Times a phase of the build and keeps its peak memory in the build's cost. */
export function inPhase<T>(
  { send, cost }: BuildContext,
  phase: BuildPhase,
  { trial, ...size }: { trial?: string; total: number; unit: string },
  work: () => Promise<T>,
): Promise<{ result: T; seconds: number }> {
  const own = OWN.has(phase);
  const onPeak = (peak: number) => {
    const before = cost.memoryPeakBytes?.[phase] ?? 0;
    cost.memoryPeakBytes = { ...cost.memoryPeakBytes, [phase]: Math.max(before, peak) };
  };
  const options = { phase, subject: trial, ...size, collect: own, ...(!own && { onPeak }) };
  return inTaskPhase<BuildTypes, T>(send, options, work);
}
