import {
  context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
} from '@opentelemetry/api';
import type { DocumentEvent, EndEvent } from '../documents/events.js';
import type { EventSource, Watch } from '../documents/reading.js';
import type { CallEnded } from '../llm/call.js';
import type { ChatClient } from '../llm/client.js';
import type { Decision } from '../rollout/decision.js';
import { causeOf } from './failure-cause.js';

/** The model that is asked, as traces name it. */
interface TracedModel {
  client: ChatClient;
  name: string;
}

/** Where a document came from, until its first span is made. */
interface Origin {
  /** What its span is a part of. */
  parent: Context;
  links: Link[];
  at: number;
}

/** The spans of a document, and of the stage it is in. */
interface DocumentSpans {
  document: Span;
  inDocument: Context;
  stage: Span | undefined;
  inStage: Context | undefined;
}

const FROM_HERE: Pick<Origin, 'parent' | 'links'> = { parent: ROOT_CONTEXT, links: [] };

/**
 * Spans of documents, their stages and their calls, made from events. Without an OpenTelemetry SDK in the process
 * they cost nothing. They tell numbers, and words of Quire's own or of the service: nothing of a page, a file's
 * name or a person.
 */
export class Traces {
  readonly #tracer = trace.getTracer('quire');
  readonly #model: string;
  readonly #service: Attributes;
  /** By the decision that a document is read under: each reading has its own. */
  readonly #origins = new WeakMap<Decision, Origin>();
  /** Also of those that have ended: calls that are broken off end after their document. */
  readonly #spans = new WeakMap<Decision, DocumentSpans>();

  constructor({ client, name }: TracedModel) {
    this.#model = name;
    this.#service = serviceOf(client);
  }

  readonly watch: Watch = (event, source) => {
    try {
      this.#update(event, source);
    } catch {
      // The SDK and what it exports to are the app's; a document is not lost over them.
    }
  };

  #update(event: DocumentEvent, { documentId, decision, error }: EventSource): void {
    if (event.type === 'accepted') {
      this.#origins.set(decision, origin(documentId !== undefined));
      return;
    }
    const spans = this.#spans.get(decision) ?? this.#begin(documentId, decision);
    switch (event.type) {
      case 'pages_counted':
        spans.document.setAttribute('quire.pages', event.total_pages);
        break;
      case 'stage_begun':
        spans.stage?.end();
        spans.stage = this.#tracer.startSpan(`quire.${event.stage}`, {}, spans.inDocument);
        spans.inStage = trace.setSpan(spans.inDocument, spans.stage);
        break;
      case 'call_ended':
        this.#called(event, spans.inStage ?? spans.inDocument);
        break;
      case 'completed':
      case 'failed':
      case 'broken_off':
        end(spans, event, error);
    }
  }

  /** What its reading waited for its turn is in its span, too. */
  #begin(documentId: string | undefined, decision: Decision): DocumentSpans {
    const { parent, links, at } = this.#origins.get(decision) ?? { ...FROM_HERE, at: Date.now() };
    const { plan } = decision;
    const attributes: Attributes = { 'quire.path': plan.path };
    if (documentId !== undefined) attributes['quire.document.id'] = documentId;
    if (plan.path === 'batch') {
      attributes['quire.batch_size'] = plan.batchSize;
      attributes['quire.max_workers'] = plan.maxWorkers;
    }
    const document = this.#tracer.startSpan('quire.document', { attributes, links, startTime: at }, parent);
    const inDocument = trace.setSpan(parent, document);
    const spans: DocumentSpans = { document, inDocument, stage: undefined, inStage: undefined };
    this.#spans.set(decision, spans);
    return spans;
  }

  #called(call: CallEnded, parent: Context): void {
    const ended = Date.now();
    const attributes: Attributes = {
      ...this.#service,
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': this.#model,
      'gen_ai.request.max_tokens': call.max_tokens,
      'quire.pages': call.pages.length,
      'quire.purpose': call.purpose,
    };
    if (call.model !== null) attributes['gen_ai.response.model'] = call.model;
    if (call.finish_reason !== null) attributes['gen_ai.response.finish_reasons'] = [call.finish_reason];
    if (call.prompt_tokens !== null) attributes['gen_ai.usage.input_tokens'] = call.prompt_tokens;
    if (call.completion_tokens !== null) attributes['gen_ai.usage.output_tokens'] = call.completion_tokens;
    const options = { kind: SpanKind.CLIENT, startTime: ended - call.ms, attributes };
    const span = this.#tracer.startSpan(`chat ${this.#model}`, options, parent);
    if (call.outcome !== 'answered') fail(span, call.outcome);
    span.end(ended);
  }
}

/** An upload's request is answered long before its document is read: they are linked, not one in the other. */
function origin(isKept: boolean): Origin {
  const at = Date.now();
  const active = context.active();
  if (!isKept) return { parent: active, links: [], at };
  const request = trace.getSpanContext(active);
  return { ...FROM_HERE, links: request ? [{ context: request }] : [], at };
}

function end({ document, stage }: DocumentSpans, event: EndEvent, error: unknown): void {
  document.setAttributes({
    'quire.outcome': event.type,
    'quire.failed_pages': event.failed_pages,
    'quire.calls': event.usage.calls,
  });
  if (event.type === 'failed') {
    const cause = causeOf(event, error);
    fail(document, cause);
    if (stage && error !== undefined) fail(stage, cause);
  }
  stage?.end();
  document.end();
}

function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Which service a client asks, as far as it tells. Of its address only name and port: the rest may hold a key. */
function serviceOf(client: ChatClient): Attributes {
  const { baseURL } = client as { baseURL?: unknown };
  const url = typeof baseURL === 'string' && URL.canParse(baseURL) ? new URL(baseURL) : undefined;
  const isAzure = url?.hostname.endsWith('.azure.com') === true;
  const service: Attributes = {
    'gen_ai.provider.name': isAzure ? 'azure.ai.openai' : 'openai',
    // What backends knew before it was renamed.
    'gen_ai.system': isAzure ? 'az.ai.openai' : 'openai',
  };
  if (!url) return service;
  service['server.address'] = url.hostname;
  service['server.port'] = url.port === '' ? usualPort(url) : Number(url.port);
  return service;
}

function usualPort({ protocol }: URL): number {
  return protocol === 'http:' ? 80 : 443;
}
