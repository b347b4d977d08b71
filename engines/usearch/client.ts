import { createRequire } from 'node:module';
import { requireClient } from '../kit/packages.js';

/**
 * What is used of `usearch`. Declared here and not imported, as the package is optional and the project must
 * compile without it.
 */
export interface UsearchIndex {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
  search(vector: Float32Array, k: number, threads: number): { keys: BigUint64Array; distances: Float32Array };
  dimensions(): number;
  connectivity(): number;
  size(): number;
  save(path: string): void;
  view(path: string): void;
}

export interface UsearchConfig {
  dimensions: number;
  metric: 'cos' | 'ip' | 'l2sq' | 'hamming';
  quantization: 'f32' | 'f16' | 'bf16' | 'i8' | 'b1';
  connectivity: number;
  expansion_add: number;
  expansion_search: number;
  multi: boolean;
}

export interface UsearchClient {
  Index: new (config: UsearchConfig) => UsearchIndex;
}

export function loadClient(): UsearchClient {
  return requireClient('usearch') as UsearchClient;
}

/** The package's native part; its JavaScript does not hand these on. */
interface Addon {
  hardwareAccelerationAvailable(): string;
}

/** Kernels that this processor can run, of those compiled in; a distance takes the best one when the index is made. */
export function usedInstructions(libraries: readonly string[]): string | undefined {
  const addon = libraries.find((path) => path.endsWith('usearch.node'));
  if (addon === undefined) return undefined;
  const { hardwareAccelerationAvailable } = createRequire(import.meta.url)(addon) as Partial<Addon>;
  return hardwareAccelerationAvailable?.();
}
