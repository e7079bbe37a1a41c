'use strict';
const POLL_MS = 500;
const UNKNOWN = 'Unknown job ID';
const STAGES = {
  ocr_extraction: 'Reading the pages',
  account_splitting: 'Finding the accounts',
  page_analysis: 'Finding the accounts',
  llm_extraction: 'Reading the fields',
  completed: 'Done',
  failed: 'Failed',
};
// The page is mounted under any path, with or without a slash at its end.
const base = location.pathname.replace(/\/?$/, '/');
const byId = (id) => document.getElementById(id);
/** What is shown: an answer that comes in for something else is dropped. */
let shown = '';

/** An element with text or elements in it. Texts come from documents: they are never parsed as HTML. */
function make(tag, properties, ...content) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...content.filter((part) => part !== null && part !== undefined));
  return element;
}

async function call(path, options) {
  let response;
  try {
    response = await fetch(base + path, options);
  } catch {
    throw Object.assign(new Error('The server cannot be reached. Is it running?'), { isOffline: true });
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null && body.success !== false) return body;
  throw new Error(body?.message ?? `The server answered with an error (${response.status}).`);
}

function showError(message) {
  byId('error').textContent = message;
  byId('error').hidden = message === '';
}

/** Runs what a person asked for, with its button out of reach meanwhile. */
async function act(button, action) {
  showError('');
  if (button) button.disabled = true;
  try {
    await action();
  } catch (error) {
    byId('working').hidden = true;
    showError(error.message);
  } finally {
    if (button) button.disabled = false;
  }
}

async function showModel() {
  const { model, plan } = await call('about');
  byId('model').replaceChildren('Model: ', make('strong', { textContent: model }), `. Plan: ${plan}.`);
  byId('model-notice').hidden = !String(model).includes('embedded');
}

async function upload(form) {
  const body = new FormData(form);
  if (!body.get('file')?.size) throw new Error('Choose a PDF file that is not empty.');
  if (!body.get('document_name').trim()) body.delete('document_name');
  close();
  showStatus({ status: 'Uploading', progress: 0 });
  const { job_id: id } = await call('process', { method: 'POST', body });
  form.reset();
  void act(null, () => open(id));
}

/** Follows a document until it is complete, then shows its record. */
async function open(id) {
  close();
  shown = id;
  history.replaceState(null, '', `#${new URLSearchParams({ document: id })}`);
  void showDocuments();
  let status = await statusOf(id);
  while (shown === id && !status.is_complete && status.status !== UNKNOWN) {
    showStatus(status);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    status = await statusOf(id);
  }
  if (shown !== id) return;
  byId('working').hidden = true;
  void showDocuments();
  if (status.status === UNKNOWN) throw new Error('There is no such document; it may have been deleted.');
  const { document: kept } = await call(`api/document/${encodeURIComponent(id)}`);
  if (shown !== id) return;
  if (kept.documents.length) showRecord(kept);
  if (status.status === 'failed') throw new Error(status.detailed_message);
}

async function statusOf(id) {
  try {
    return await call(`status/${encodeURIComponent(id)}`);
  } catch (error) {
    if (!error.isOffline) throw error;
    return { status: 'The server cannot be reached, trying again' };
  }
}

function close() {
  shown = '';
  byId('working').hidden = true;
  byId('record').hidden = true;
}

function showStatus({
  status,
  stage,
  detailed_message: detail,
  progress,
  pages_processed: pages,
  total_pages: total,
}) {
  byId('working').hidden = false;
  if (progress !== undefined) byId('bar').value = progress;
  const parts = [STAGES[stage] ?? status, detail, total ? `pages ${pages} of ${total}` : ''];
  const text = [...new Set(parts.filter(Boolean))].join(' · ');
  // Said aloud only when it says something new.
  if (byId('status').textContent !== text) byId('status').textContent = text;
}

function showRecord(kept) {
  const [record] = kept.documents;
  const groups = record.document ? [record.document] : record.accounts;
  byId('record').replaceChildren(
    make('h2', { id: 'record-title', textContent: kept.document_name || kept.filename }),
    make('p', { className: 'quiet', textContent: summary(kept, record) }),
    ...failedPages(kept.id, record.failed_pages),
    ...groups.flatMap(account),
    ...(groups.length ? [] : [make('p', { textContent: 'No fields were found in this document.' })]),
    ...pageLists(record),
  );
  byId('record').hidden = false;
  byId('record').focus();
}

function summary(kept, { plan, usage }) {
  const path = plan.path === 'batch' ? `batch ${plan.batchSize}x${plan.maxWorkers}` : plan.path;
  const again = usage.salvage_calls ? ` (${usage.salvage_calls} asked again)` : '';
  const atLeast = usage.unknown_usage_calls > 0 ? 'at least ' : '';
  const cost = usage.cost_usd === null ? 'cost not known' : `cost ${atLeast}${usage.cost_usd.toFixed(4)} USD`;
  return [
    count(kept.total_pages, 'page'),
    `plan ${path}`,
    count(usage.calls, 'model call') + again,
    cost,
  ].join(' · ');
}

const count = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** Asks again for what failed, and follows the document as after its upload. */
function retryButton(id, name) {
  const button = make('button', {
    type: 'button',
    ariaLabel: `Ask again: ${name}`,
    textContent: 'Ask again',
  });
  button.onclick = () =>
    act(button, async () => {
      await call(`api/document/${encodeURIComponent(id)}/retry`, { method: 'POST' });
      void act(null, () => open(id));
    });
  return button;
}

function failedPages(id, failed) {
  if (!failed.length) return [];
  const lines = failed.map(({ page, account: of, reason }) =>
    make('div', {
      textContent: `Page ${page}${of ? ` (account ${of})` : ''}: ${String(reason).replaceAll('_', ' ')}`,
    }),
  );
  return [
    make(
      'div',
      { className: 'bad' },
      make('strong', {}, `${count(failed.length, 'page')} could not be read:`),
      ...lines,
      retryButton(id, 'the pages that failed'),
    ),
  ];
}

function account(group) {
  const title = group.accountNumber ? `Account ${group.accountNumber}` : 'No account named: whole document';
  const pages = Object.entries(group.page_data).map(([page, fields]) =>
    make(
      'details',
      {},
      make('summary', {}, `Page ${page}: ${count(Object.keys(fields).length, 'field')}`),
      fieldTable(fields, `Fields of page ${page}`),
    ),
  );
  return [
    make(
      'div',
      { className: 'account-head' },
      make('h3', { textContent: title }),
      group.needs_human_review
        ? make('span', { className: 'notice badge', textContent: 'needs review' })
        : null,
      make('span', {
        className: 'quiet',
        textContent: `pages ${group.pages.join(', ')} · ${group.filled_fields} of ${group.total_fields} fields filled (${group.accuracy_score} %)`,
      }),
    ),
    fieldTable(group.result, `Fields of ${title}`),
    ...(pages.length ? [make('details', {}, make('summary', {}, 'Fields page by page'), ...pages)] : []),
  ];
}

function fieldTable(fields, caption) {
  const rows = Object.entries(fields).map(([name, field]) => {
    const [value, score] = [field.value, `${field.confidence} %`].map((cell) =>
      make('td', { textContent: cell }),
    );
    // A long name breaks at its underscores.
    const parts = name.split(/(?<=_)/).flatMap((part) => [part, make('wbr')]);
    return make('tr', {}, make('td', {}, ...parts), value, score);
  });
  const head = ['Field', 'Value', 'Confidence'].map((text) =>
    make('th', { scope: 'col', textContent: text }),
  );
  const table = make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...rows));
  table.setAttribute('aria-label', caption);
  return table;
}

function pageLists(record) {
  const lists = [
    ['Before the first account, not read for fields', record.document ? [] : record.unassigned_pages],
    ['Blank', record.blank_pages],
    ['Read by OCR', record.ocr_pages],
    ['Too long, read only in part', record.truncated_pages],
  ].filter(([, pages]) => pages.length);
  return lists.map(([label, pages]) =>
    make('p', {
      className: 'quiet',
      textContent: `${label}: ${pages.length === 1 ? 'page' : 'pages'} ${pages.join(', ')}`,
    }),
  );
}

/** How much of the list is shown, in pages of the answer. */
let pagesShown = 1;

async function showDocuments() {
  try {
    const items = [];
    let next = '';
    for (let page = 0; page < pagesShown && next !== null; page++) {
      const answer = await call(`api/documents${next && `?${new URLSearchParams({ after: next })}`}`);
      items.push(...answer.documents.map(documentItem));
      next = answer.next;
    }
    byId('documents').replaceChildren(...(items.length ? items : [make('li', { textContent: 'None yet.' })]));
    byId('more').hidden = next === null;
  } catch (error) {
    byId('documents').replaceChildren(make('li', { textContent: error.message }));
    byId('more').hidden = true;
  }
}

function showMore() {
  pagesShown++;
  return showDocuments();
}

function documentItem({
  id,
  document_name: given,
  filename,
  processed_date: date,
  status,
  total_pages: pages,
}) {
  const name = given || filename || id;
  const path = `api/document/${encodeURIComponent(id)}`;
  const when = Number.isNaN(Date.parse(date)) ? '' : new Date(date).toLocaleString();
  const details = [status, pages ? count(pages, 'page') : '', when].filter(Boolean).join(' · ');
  const openButton = make('button', { type: 'button', ariaLabel: `Open ${name}`, textContent: 'Open' });
  openButton.onclick = () => act(null, () => open(id));
  const deleteButton = make('button', {
    type: 'button',
    ariaLabel: `Delete ${name}`,
    textContent: 'Delete',
  });
  deleteButton.onclick = () => {
    if (!confirm(`Delete "${name}"?`)) return;
    void act(deleteButton, async () => {
      await call(`${path}/delete`, { method: 'POST' });
      if (shown === id) close();
      await showDocuments();
    });
  };
  const pdf = make(
    'a',
    { href: `${base}${path}/pdf`, target: '_blank', rel: 'noopener', ariaLabel: `PDF of ${name}` },
    'PDF',
  );
  const text = make(
    'div',
    {},
    make('strong', { textContent: name }),
    make('div', { className: 'quiet', textContent: details }),
  );
  const retry = status === 'failed' ? [retryButton(id, name)] : [];
  return make('li', {}, text, openButton, ...retry, pdf, deleteButton);
}

byId('more').onclick = ({ target }) => void act(target, showMore);
byId('upload').onsubmit = (event) => {
  event.preventDefault();
  void act(event.submitter, () => upload(event.target));
};
showModel().catch(() => undefined);
const linked = new URLSearchParams(location.hash.slice(1)).get('document');
if (linked) void act(null, () => open(linked));
else void showDocuments();
