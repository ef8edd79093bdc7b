#pragma once

namespace backstay::bench {

// Each adds its rows to the list.
void add_pipelines(); ///< what a whole call pays for all its stages
void add_policies();  ///< what each policy costs alone
void add_client();    ///< what stands around the pipeline, and beneath it
void add_sharing();   ///< several threads with one breaker, budget and limit

// They show that the policies did their work while they were measured.
void print_policies_of_pipelines();
void print_shared_policies();

} // namespace backstay::bench
