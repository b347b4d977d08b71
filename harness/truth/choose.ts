import { FailureError } from '../../common/errors.js';
import { installCommand } from '../../common/installation.js';
import { isBitMetric, type Metric } from '../../datasets/dataset.js';
import type { KernelName } from './kernel.js';
import {
  type FailedKernel,
  kernelTest,
  supports,
  type TriedKernel,
  tryKernel,
  type Work,
} from './kernels.js';
import { onnxRuntimeCommand } from './onnx-runtime.js';

/**
 * Multiplications and additions below which the reference kernel does all of it: a quickstart has its truth in a few seconds
 * either way, and nothing is left to check.
 */
const SMALL = 5e10;

/** Of an optional package; where one of them works, it is several times as fast as all others, which need not be measured then. */
const FASTEST = ['onnxruntime', 'onnxruntime-int8'] as const satisfies readonly KernelName[];

/** Beside the reference. Integers take half of the instructions: where they work, the same in float32 need not be measured. */
const FAST = ['wasm-int16', 'wasm'] as const satisfies readonly KernelName[];

const nextFor = (kernel: KernelName): string =>
  kernel.startsWith(ONNX) ? `install it with: ${onnxRuntimeCommand()}` : 'leave --kernel out';
const ONNX: KernelName = 'onnxruntime';

/** Nobody has to have the package, nor a processor with such instructions: that they are missing is no fault. */
const isOption = ({ kernel, absent }: FailedKernel): boolean =>
  kernel === 'onnxruntime-int8' || (kernel === 'onnxruntime' && absent);

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
  /** Some of the vectors and of the queries, to measure the speed with. */
  work?: (() => Work) | undefined;
  onWarning?: ((message: string) => void) | undefined;
}

/**
 * The kernel that is fastest here by a short measurement, of those whose answers are right; usearch's exact search where there
 * is little to do. One that fails to load or computes wrong is replaced with a warning.
 *
 * @throws FailureError for a kernel that was asked for and does not work here
 */
export async function chooseKernel(input: ChoiceInput): Promise<KernelChoice> {
  const { metric, dimensions, rows, queries } = input;
  // For bits there is no faster one.
  const kernel = input.kernel ?? (isBitMetric(metric) ? 'popcount' : undefined);
  if (kernel === 'float64') return { kernel, reference: undefined };
  const small = 2 * rows * queries * dimensions < SMALL;
  const little = kernel === 'usearch' || (kernel === undefined && small);
  const test = await kernelTest(metric, dimensions);
  const works = { test, rounds: 0 };
  const chosen = little || kernel !== undefined;
  const work = chosen ? undefined : input.work?.();
  const tried: TriedKernel[] = [];
  const measure = async (each: KernelName): Promise<boolean> => {
    if (!supports(each, metric)) return false;
    const result = await tryKernel(each, metric, dimensions, { work, test });
    tried.push(result);
    return result.state === 'works';
  };
  if (!chosen) for (const each of FASTEST) await measure(each);
  const isFast = tried.some(({ state }) => state === 'works');
  const usearch = await tryKernel('usearch', metric, dimensions, chosen || isFast ? works : { work, test });
  const reference = usearch.state === 'works' ? 'usearch' : 'float64';
  if (kernel === 'usearch') {
    if (usearch.state === 'works') return { kernel, reference: undefined };
    throw unusable('usearch', usearch.reason, `install it with: ${installCommand(['usearch'])}`);
  }
  if (little && usearch.state === 'works') return { kernel: 'usearch', reference: undefined };
  if (kernel !== undefined) {
    if (!supports(kernel, metric)) throw unusable(kernel, `it is not for ${metric}`, 'leave --kernel out');
    const one = await tryKernel(kernel, metric, dimensions, works);
    if (one.state === 'works') return { kernel, reference };
    throw unusable(kernel, one.reason, nextFor(kernel));
  }
  tried.push(usearch);
  if (!isFast) for (const each of FAST) if (await measure(each)) break;
  for (const each of tried)
    if (each.state === 'fails' && !isOption(each)) warnOf(input, each.kernel, each.reason);
  const fastest = fastestOf(tried) ?? 'float64';
  return { kernel: fastest, reference: fastest === reference ? undefined : reference };
}

function fastestOf(tried: readonly TriedKernel[]): KernelName | undefined {
  const speeds = tried.flatMap((each) =>
    each.state === 'works' && each.gflops !== undefined ? [{ ...each, gflops: each.gflops }] : [],
  );
  return speeds.sort((a, b) => b.gflops - a.gflops)[0]?.kernel;
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
