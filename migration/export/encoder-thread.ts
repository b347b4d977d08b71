import { parentPort } from 'node:worker_threads';
import { messageOf, VecproofError } from '../../common/errors.js';
import type { PointColumns } from '../../engines/contract/columns.js';
import { ColumnEncoder, type EncodedPart, type PartOrder } from './encoder.js';

/** What the thread is told, about a part by its number. Each is answered in turn. */
export type EncoderRequest =
  | { what: 'open'; part: number; order: PartOrder }
  | { what: 'add'; part: number; columns: PointColumns }
  | { what: 'finish'; part: number }
  | { what: 'discard'; part: number };

export type EncoderAnswer =
  | { state: 'done'; finished?: EncodedPart | undefined }
  /** Errors lose their class on the way: what they say is kept. */
  | {
      state: 'failed';
      what: string;
      where?: string | undefined;
      got?: unknown;
      next?: string | undefined;
      stack: string;
    };

/** Thread: encodes the parts of an export, one request after the other. */
if (parentPort !== null) {
  const port = parentPort;
  const parts = new Map<number, ColumnEncoder>();
  port.on('message', (request: EncoderRequest) => {
    let answer: EncoderAnswer;
    try {
      answer = { state: 'done', finished: carryOut(parts, request) };
    } catch (error) {
      answer = failed(error);
    }
    port.postMessage(answer);
  });
}

function carryOut(parts: Map<number, ColumnEncoder>, request: EncoderRequest): EncodedPart | undefined {
  if (request.what === 'open') {
    parts.set(request.part, new ColumnEncoder(request.order));
    return undefined;
  }
  const encoder = parts.get(request.part);
  if (request.what === 'add') {
    encoder!.add(request.columns);
    return undefined;
  }
  parts.delete(request.part);
  if (request.what === 'finish') return encoder!.finish();
  encoder?.discard();
  return undefined;
}

function failed(error: unknown): EncoderAnswer {
  const stack = String((error as { stack?: unknown }).stack);
  if (!(error instanceof VecproofError)) return { state: 'failed', what: messageOf(error), stack };
  const { what, where, got, next } = error;
  return { state: 'failed', what, where, got, next, stack };
}
