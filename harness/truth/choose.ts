import { FailureError } from '../../common/errors.js';
import { installCommand } from '../../common/installation.js';
import type { Metric } from '../../datasets/dataset.js';
import type { KernelName } from './kernel.js';
import { tryKernel } from './kernels.js';

/**
 * Multiplications and additions below which the reference kernel does all of it: a quickstart has its truth in a few seconds
 * either way, and nothing is left to check.
 */
const SMALL = 5e10;

export interface KernelChoice {
  kernel: KernelName;
  /** By which a sample of its queries is computed, too; undefined: it is the reference itself, or all there is. */
  reference: KernelName | undefined;
}

export interface ChoiceInput {
  /** As somebody asked for it. */
  kernel?: KernelName | undefined;
  metric: Metric;
  dimensions: number;
  rows: number;
  queries: number;
  onWarning?: ((message: string) => void) | undefined;
}

/**
 * The kernel that is fastest here by a short measurement, of those whose answers are right; usearch's exact search where there
 * is little to do. One that fails to load or computes wrong is replaced with a warning.
 *
 * @throws FailureError for a kernel that was asked for and does not work here
 */
export async function chooseKernel(input: ChoiceInput): Promise<KernelChoice> {
  const { kernel, metric, dimensions, rows, queries } = input;
  if (kernel === 'float64') return { kernel, reference: undefined };
  const little = kernel === 'usearch' || (kernel === undefined && 2 * rows * queries * dimensions < SMALL);
  const usearch = await tryKernel('usearch', metric, dimensions, undefined, little ? 1 : undefined);
  const reference = usearch.state === 'works' ? 'usearch' : 'float64';
  if (kernel === 'usearch') {
    if (usearch.state === 'works') return { kernel, reference: undefined };
    throw unusable('usearch', usearch.reason, `install it with: ${installCommand(['usearch'])}`);
  }
  if (little && usearch.state === 'works') return { kernel: 'usearch', reference: undefined };
  const wasm = await tryKernel('wasm', metric, dimensions);
  if (kernel === 'wasm') {
    if (wasm.state === 'works') return { kernel, reference };
    throw unusable('wasm', wasm.reason, 'leave --kernel out');
  }
  if (usearch.state === 'fails') warnOf(input, usearch.kernel, usearch.reason);
  if (wasm.state === 'fails') warnOf(input, wasm.kernel, wasm.reason);
  const works = [wasm, usearch].filter((each) => each.state === 'works').sort((a, b) => b.gflops - a.gflops);
  const chosen = works[0]?.kernel ?? 'float64';
  return { kernel: chosen, reference: chosen === reference ? undefined : reference };
}

function warnOf({ onWarning }: ChoiceInput, kernel: KernelName, reason: string): void {
  const next = kernel === 'usearch' ? ` (install it with: ${installCommand(['usearch'])})` : '';
  onWarning?.(
    `truth: the kernel ${kernel} cannot be used: ${reason}; another computes the neighbours${next}`,
  );
}

function unusable(kernel: KernelName, reason: string, next: string): FailureError {
  return new FailureError(`the kernel ${kernel} cannot be used: ${reason}`, { where: 'truth', next });
}
