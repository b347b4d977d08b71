import { requireClient } from '../kit/packages.js';

/**
 * What is used of `hnswlib-node`. Declared here and not imported, as the package is optional (it always compiles
 * native code) and the project must compile without it.
 */
export interface HnswIndex {
  initIndex(options: { maxElements: number; m: number; efConstruction: number; randomSeed: number }): void;
  addPoint(vector: number[], label: number): void;
  /** `filter` must not throw: that ends the process. */
  searchKnn(
    vector: number[],
    k: number,
    filter?: (label: number) => boolean,
  ): { neighbors: number[]; distances: number[] };
  setEf(ef: number): void;
  getEf(): number;
  getCurrentCount(): number;
  writeIndex(path: string): Promise<boolean>;
  readIndex(path: string): Promise<boolean>;
}

export interface HnswlibClient {
  HierarchicalNSW: new (space: 'l2' | 'ip' | 'cosine', dimensions: number) => HnswIndex;
}

export function loadClient(): HnswlibClient {
  return requireClient('hnswlib-node') as HnswlibClient;
}
