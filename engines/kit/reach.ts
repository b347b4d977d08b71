import { FailureError, messageOf, VecproofError } from '../../common/errors.js';
import { abortable } from './load.js';

/** A server that is there answers its simplest question well within this; Milvus' client would try for minutes. */
const LIMIT_MS = 20_000;

/**
 * Asks a server that somebody else runs once, before anything is made: an address where nobody answers is told now.
 * Rejects with FailureError, which names the address and the cause.
 * @param where engine, host and port
 */
export async function reach(
  where: string,
  ask: (signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  const either = AbortSignal.any([signal, limit]);
  try {
    await abortable(ask(either), either);
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) {
      throw new FailureError(`no answer within ${LIMIT_MS / 1000} s`, { where, next: CHECK, cause: error });
    }
    const told = error instanceof VecproofError ? error : undefined;
    throw new FailureError(told?.what ?? `cannot connect: ${messageOf(rootOf(error))}`, {
      where: told?.where ?? where,
      next: told?.next ?? CHECK,
      cause: error,
    });
  }
}

/** Clients say that they could not connect; why is in the error below. */
function rootOf(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? error : rootOf(cause);
}

const CHECK = 'check the address, and whether the server runs and can be reached from this machine';
