import type { BuildCost } from '../model/events.js';
import type { Samples } from '../model/samples.js';
import { collectGarbage, heldBytes, peakSinceReset, resetPeak } from '../process/resources.js';

/** Before the engine is connected: what all figures of memory are above. */
export async function noteStart(cost: BuildCost): Promise<void> {
  await collectGarbage();
  resetPeak();
  cost.memoryBaselineBytes = peakSinceReset() ?? peakSinceStart();
  cost.memoryHeldBytes = { start: heldBytes() };
}

/** Once the index is finished; until then the peak counts, where there are none by phase. */
export async function noteIndexed(cost: BuildCost): Promise<void> {
  cost.memoryPeakBytes ??= { all: peakSinceStart() };
  await collectGarbage();
  cost.memoryHeldBytes = { ...cost.memoryHeldBytes, index: heldBytes() };
}

/**
 * At the end of a pass, without its samples. Only the first pass of a build counts: what the harness needs to record one
 * is freed, but the system's allocator keeps it, and later passes would have it on top.
 */
export async function noteSearching(cost: BuildCost, samples: Samples): Promise<void> {
  if (cost.memoryHeldBytes?.search !== undefined) return;
  await collectGarbage();
  cost.memoryHeldBytes = { ...cost.memoryHeldBytes, search: heldBytes() - bytesOf(samples) };
}

const peakSinceStart = (): number => process.resourceUsage().maxRSS * 1024;

function bytesOf(samples: Samples): number {
  return Object.values(samples).reduce<number>(
    (sum, part) => sum + (ArrayBuffer.isView(part) ? part.byteLength : 0),
    0,
  );
}
