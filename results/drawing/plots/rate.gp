# rate.gp - operations per second by function and outcome, by the time of completion.
name = 'rate'
load 'setup.gp'
load 'common.gp'
set title 'Throughput by operation and outcome, per ' . bucket_text textcolor '#333333'
set ylabel 'operations per second' textcolor '#444444'
set yrange [0:*]
dash_of(i) = word(rate_types, i) eq 'ok' ? 1 : word(rate_types, i) eq 'fail' ? 3 : 2
plot for [i=1:rate_count] 'rate.dat' using 1:(column(i+1)) with lines linewidth 1.8 \
         dashtype dash_of(i) linecolor rgb word(rate_colours, i) \
         title word(rate_titles, i) . ' ' . word(rate_types, i), \
     for [i=1:fault_kinds] NaN with boxes fillstyle solid 0.45 noborder linecolor rgb word(fault_colours, i) title word(fault_names, i)
