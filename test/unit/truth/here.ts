import { messageOf } from '../../../common/errors.js';
import { type Metric, NUMBER_METRICS } from '../../../datasets/dataset.js';
import { KERNELS, type KernelName, type ScanTile } from '../../../harness/truth/kernel.js';
import { scanOf, supports } from '../../../harness/truth/kernels.js';

interface KernelHere {
  kernel: KernelName;
  scan: ScanTile;
  metrics: readonly Metric[];
}

/** Kernels of numbers that load here (bits.test.ts has those of bits), and why others do not: one needs a package that is not installed with the rest, one certain processors. */
export const here: KernelHere[] = [];
export const elsewhere: string[] = [];

for (const kernel of KERNELS) {
  try {
    const scan = await scanOf(kernel);
    const metrics = NUMBER_METRICS.filter((metric) => supports(kernel, metric));
    if (metrics.length > 0) here.push({ kernel, scan, metrics });
  } catch (error) {
    elsewhere.push(`${kernel}: ${messageOf(error)}`);
  }
}

/** Each kernel with each of its metrics. */
export const pairs = here.flatMap(({ kernel, metrics }) =>
  metrics.map((metric) => [metric, kernel] as const),
);
