import { isMainThread } from 'node:worker_threads';
import { installationOf, peerVersion } from '../../common/installation.js';

/** The part of onnxruntime-node that is used: an optional package, loaded when it is there. */
export interface Session {
  run(feeds: Record<string, unknown>, fetches: Record<string, unknown>): Promise<unknown>;
}

export interface OnnxRuntime {
  InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  Tensor: new (type: string, data: unknown, dims: readonly number[]) => unknown;
}

export const ONNX_RUNTIME = 'onnxruntime-node';

/** How it is installed without what its script would download, in the version this project was tested with. */
export function onnxRuntimeCommand(): string {
  const save =
    installationOf() === 'checkout' ? ' --no-save' : installationOf() === 'global' ? ' --global' : '';
  return `ONNXRUNTIME_NODE_INSTALL=skip npm install${save} ${ONNX_RUNTIME}@${peerVersion(ONNX_RUNTIME)}`;
}

/** Read by the native library when it is loaded: from 1.29 on it would else tell its maker of sessions and models. */
const NO_TELEMETRY = 'ORT_DISABLE_TELEMETRY';

/**
 * Throws what `import` throws where it is not installed. It is loaded in the main thread first: what a thread writes into its
 * environment reaches no native code.
 */
export async function loadOnnxRuntime(): Promise<OnnxRuntime> {
  if (process.env[NO_TELEMETRY] !== '1') {
    if (!isMainThread)
      throw new Error(`${ONNX_RUNTIME} is loaded in the main thread first, without telemetry`);
    process.env[NO_TELEMETRY] = '1';
  }
  const module = (await import(ONNX_RUNTIME)) as { default?: OnnxRuntime } & OnnxRuntime;
  return module.default ?? module;
}

/** A session of its own for a thread, which computes by itself. */
export function openSession({ InferenceSession }: OnnxRuntime, model: Uint8Array): Promise<Session> {
  return InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // Errors are thrown; warnings about the processor are not for people.
    logSeverityLevel: 3,
  });
}
