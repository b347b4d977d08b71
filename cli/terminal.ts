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

/** The terminal of this process. `text` changes all that is written, in order to hide secrets. */
export function processTerminal(text: (given: string) => string, env: NodeJS.ProcessEnv): Terminal {
  const { stdout, stderr } = process;
  const output = (stream: NodeJS.WriteStream): Output => ({
    write: (given) => void stream.write(text(given)),
    get columns() {
      // A terminal that does not know its width says 0.
      return stream.columns || undefined;
    },
  });
  const plain = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
  return {
    out: output(stdout),
    err: output(stderr),
    live: stderr.isTTY === true && !plain,
    color: stdout.isTTY === true && !plain && !env['NO_COLOR'],
  };
}
