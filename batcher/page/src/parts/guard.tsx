// A view that fails takes only itself down.

import { Component, type ComponentChildren } from "preact";

export class Guard extends Component<{ children: ComponentChildren }, { error?: string }> {
  override state: { error?: string } = {};

  static override getDerivedStateFromError(error: unknown) {
    return { error: String(error) };
  }

  override render() {
    if (this.state.error === undefined) return this.props.children;
    return (
      <section class="panel">
        <h2>This view cannot be shown</h2>
        <p class="note fault">{this.state.error}</p>
        <p class="note">What the service has answered is not what the page expects: reload the page.</p>
      </section>
    );
  }
}
