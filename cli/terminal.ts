import { printable } from '../common/print.js';

/** Where text goes. */
export interface Output {
  write(text: string): void;
  /** Width of the terminal; undefined if it is none. */
  readonly columns: number | undefined;
}

/** What commands write to. */
export interface Terminal {
  out: Output;
  /** Progress and messages. */
  err: Output;
  /** A person watches `err`: control characters are welcome. */
  live: boolean;
  color: boolean;
}

/** Takes the live line away; only at the begin of what is written. */
export const CLEAR_LINE = '\r\x1b[2K';

/** The terminal of this process: all that is written passes `printable`. */
export function processTerminal(env: NodeJS.ProcessEnv): Terminal {
  const { stdout, stderr } = process;
  const plain = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
  const live = stderr.isTTY === true && !plain;
  const color = stdout.isTTY === true && !plain && !env['NO_COLOR'];
  return { out: output(stdout, env, color, false), err: output(stderr, env, live, live), live, color };
}

function output(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv, styles: boolean, live: boolean): Output {
  return {
    write: (given) => {
      const clear = live && given.startsWith(CLEAR_LINE) ? CLEAR_LINE : '';
      stream.write(clear + printable(given.slice(clear.length), { styles, env }));
    },
    get columns() {
      // A terminal that does not know its width says 0.
      return stream.columns || undefined;
    },
  };
}

/** Commands of GitHub Actions, whose foreign texts are escaped by whoever makes them. */
export function printCommands(text: string): void {
  process.stdout.write(printable(text, { commands: true }));
}

/** Before there is a context: help, and errors that no command tells. */
export function plainOutput(stream: NodeJS.WriteStream): Pick<Output, 'write'> {
  return output(stream, process.env, false, false);
}

/** A value as JSON, which holds no character that a terminal acts on, whatever the value holds. */
export function printJson(to: Pick<Output, 'write'>, value: unknown, indent?: number): void {
  to.write(`${jsonText(value, indent)}\n`);
}

function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
