import { FailureError } from '../../common/errors.js';
import { installCommand } from '../../common/installation.js';
import { isBitMetric, type Metric } from '../../datasets/dataset.js';
import type { KernelName } from './kernel.js';
import {
  type FailedKernel,
  type KernelTest,
  kernelTest,
  supports,
  type TriedKernel,
  type TryOptions,
  tryKernel,
  type Work,
  type WorkingKernel,
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

function nextFor(kernel: KernelName): string {
  if (kernel.startsWith('usearch')) return `install it with: ${installCommand(['usearch'])}`;
  return kernel.startsWith(ONNX) ? `install it with: ${onnxRuntimeCommand()}` : 'leave --kernel out';
}
const ONNX: KernelName = 'onnxruntime';

/** Nobody has to have the package, nor a processor with such instructions: that they are missing is no fault. */
const isOption = ({ kernel, absent }: FailedKernel): boolean =>
  kernel === 'onnxruntime-int8' || (absent && (kernel === 'onnxruntime' || kernel === 'usearch-int8'));

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
  if (kernel !== undefined && !supports(kernel, metric))
    throw unusable(kernel, `it is not for ${metric}`, 'leave --kernel out');
  const test = await kernelTest(metric, dimensions);
  const tries = triesOf(input, test);
  if (kernel !== undefined) {
    const tried = await tryKernel(kernel, metric, dimensions, { test, rounds: 0 });
    if (tried.state === 'fails') throw unusable(kernel, tried.reason, nextFor(kernel));
    return { kernel, reference: await referenceFor(kernel, metric, tries) };
  }
  if (2 * rows * queries * dimensions < SMALL) {
    const usearch = await tries('usearch', { rounds: 0 });
    if (usearch.state === 'works') return { kernel: 'usearch', reference: undefined };
  }
  const fastest = await fastestOf(input.work?.(), metric, tries);
  return { kernel: fastest, reference: await referenceFor(fastest, metric, tries) };
}

type Tries = (kernel: KernelName, options: TryOptions) => Promise<TriedKernel>;

/** Tries kernels on the same vectors; of one that should work and does not somebody is told, once. */
function triesOf(input: ChoiceInput, test: KernelTest): Tries {
  const warned = new Set<KernelName>();
  return async (kernel, options) => {
    const tried = await tryKernel(kernel, input.metric, input.dimensions, { ...options, test });
    if (tried.state === 'fails' && !isOption(tried) && !warned.has(kernel)) {
      warned.add(kernel);
      warnOf(input, kernel, tried.reason);
    }
    return tried;
  };
}

/** By the time that each takes for some of the work. */
async function fastestOf(work: Work | undefined, metric: Metric, tries: Tries): Promise<KernelName> {
  const tried: WorkingKernel[] = [];
  const works = async (kernel: KernelName): Promise<boolean> => {
    if (!supports(kernel, metric)) return false;
    const each = await tries(kernel, { work });
    if (each.state === 'works') tried.push(each);
    return each.state === 'works';
  };
  for (const each of FASTEST) await works(each);
  if (tried.length === 0) {
    await works('usearch');
    for (const each of FAST) if (await works(each)) break;
  }
  return tried.sort((a, b) => b.gflops! - a.gflops!)[0]?.kernel ?? 'float64';
}

/** Of vectors rounded to 8 bits usearch takes a quarter to a half of the time. No kernel is the reference of itself. */
async function referenceFor(
  kernel: KernelName,
  metric: Metric,
  tries: Tries,
): Promise<KernelName | undefined> {
  if (kernel === 'usearch' || kernel === 'float64') return undefined;
  for (const each of ['usearch-int8', 'usearch'] as const) {
    if (each === kernel || !supports(each, metric)) continue;
    if ((await tries(each, { rounds: 0 })).state === 'works') return each;
  }
  return 'float64';
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
