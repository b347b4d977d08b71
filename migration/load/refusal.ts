import { ConnectionLostError, messageOf } from '../../common/errors.js';

/**
 * What an error says of the points that were being written.
 *
 * - `refused`: the target took them in and does not want them; halved, the ones that it refuses are found
 * - `unknown`: no answer came, or one that says to come again: they may be there or not, which reading back tells
 * - `failed`: the target cannot write at all (disk full, not allowed): no point is to blame
 */
export type Verdict = 'refused' | 'unknown' | 'failed';

/** Codes of the system and of HTTP clients: the answer did not come. */
const NO_ANSWER = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);
/** gRPC's numbers: cancelled, deadline exceeded, aborted, unavailable. */
const GRPC_UNKNOWN = new Set([1, 4, 10, 14]);
/** gRPC's number for both a message that is too large and a rate that is. */
const GRPC_EXHAUSTED = 8;
/** HTTP: request time-out, too early, too many requests, bad gateway, unavailable, gateway time-out. */
const HTTP_UNKNOWN = new Set([408, 425, 429, 502, 503, 504]);
const HTTP_FAILED = new Set([401, 403, 507]);
/** SQLSTATE: connection, serialization and deadlock, cancelled (by a time limit), shut down or starting. */
const SQL_UNKNOWN = /^(08...|40001|40P01|57014|57P0[1-5]|53300)$/;
/** Resources (disk, memory), read-only, not allowed, input and output. */
const SQL_FAILED = /^(53...|25006|42501|58...)$/;
const DISK = /no space left|disk (is )?full|ENOSPC|SQLITE_FULL|disk quota|read-only file system/i;

/** By the codes of an error and of what caused it; an error that says nothing of the kind is a refusal. */
export function verdictOf(error: unknown): Verdict {
  for (let at = error, depth = 0; at !== undefined && at !== null && depth < 6; depth++) {
    const found = verdictOfOne(at);
    if (found !== undefined) return found;
    at = (at as { cause?: unknown }).cause;
  }
  return 'refused';
}

function verdictOfOne(error: unknown): Verdict | undefined {
  const { name, code, status, statusCode } = error as Record<string, unknown>;
  if (DISK.test(messageOf(error))) return 'failed';
  if (error instanceof ConnectionLostError || name === 'TimeoutError') return 'unknown';
  if (code === GRPC_EXHAUSTED)
    return /larger than max|too large|exceeds? .*(size|limit)/i.test(messageOf(error))
      ? 'refused'
      : 'unknown';
  if (typeof code === 'number' && GRPC_UNKNOWN.has(code)) return 'unknown';
  if (typeof code === 'string') {
    if (NO_ANSWER.has(code) || SQL_UNKNOWN.test(code)) return 'unknown';
    if (SQL_FAILED.test(code)) return 'failed';
  }
  const http = Number(status ?? statusCode);
  if (HTTP_UNKNOWN.has(http)) return 'unknown';
  return HTTP_FAILED.has(http) ? 'failed' : undefined;
}
