import { fork } from 'node:child_process';
import { compiledModule } from '../common/paths.js';

/**
 * Runs a compiled module of ours in a process of its own, to try what may crash or hang: that ends this process only.
 *
 * @param milliseconds how long it may be silent before it is ended
 * @returns how it ended, to follow "loading it"
 */
export async function probe<M>(
  module: string,
  args: readonly string[],
  milliseconds: number,
  onMessage: (message: M) => void,
): Promise<string> {
  const child = fork(compiledModule(module), args, {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let hung = false;
  const deadline = setTimeout(() => {
    hung = true;
    child.kill('SIGKILL');
  }, milliseconds);
  child.on('message', (message) => {
    deadline.refresh();
    onMessage(message as M);
  });
  const how = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    // 'close' comes after the last message.
    child.once('close', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
  }).finally(() => clearTimeout(deadline));
  return hung ? `did not end within ${milliseconds / 1000} s` : `ended the process with ${how}`;
}
