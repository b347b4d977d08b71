/** A task for tests of the supervision: does what its input says, beside the real protocol. */
export async function runTask({ script, file }, { send, signal, restartServer }) {
  await send({ type: 'begin', phase: 'first', subject: 'a', total: 2, unit: 'steps' });
  await send({ type: 'report', report: { steps: 1 } });
  switch (script) {
    case 'ends':
      await send({ type: 'end', phase: 'part', seconds: 0 });
      await send({ type: 'own', pid: process.pid });
      await send({ type: 'end', phase: 'first', subject: 'a', seconds: 1 });
      await send({ type: 'report', report: { steps: 2 } });
      // Something that would keep the process alive.
      setInterval(() => undefined, 1000);
      return;
    case 'tells its signal':
      await send({ type: 'own', aborted: signal.aborted });
      return;
    case 'throws':
      throw new Error('no more', { cause: new Error('enough') });
    case 'cannot record': {
      const { RecordingError } = await import('../../../dist/harness/process/task.js');
      throw new RecordingError('the disk is full');
    }
    case 'crashes':
      process.abort();
      break;
    case 'hangs after a message':
      await send({ type: 'begin', phase: 'second', total: 1, unit: '' });
      for (;;);
    case 'waits':
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      break;
    case 'ignores the signal':
      await new Promise(() => setInterval(() => undefined, 1000));
      break;
    case 'restarts its server':
      await send({ type: 'own', endpoint: await restartServer('kill') });
      return;
    case 'writes':
      (await import('node:fs')).writeFileSync(file, process.env.TMPDIR);
      return;
  }
}
